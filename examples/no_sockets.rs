//! Runs a command that is killed by the kernel at the first socket that it opens: the proof of `--offline`.
//!
//! `no_sockets PROGRAM ARGS…` puts a seccomp filter on itself and becomes the program; the filter survives `exec` and is inherited by
//! every thread and child. `no_sockets --open-a-socket` opens one under the same filter, so that a test can see the filter bite.

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::collections::BTreeMap;
    use std::os::unix::process::CommandExt;

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

    let mut args = std::env::args_os().skip(1);
    let program = args.next().ok_or("usage: no_sockets PROGRAM ARGS… | --open-a-socket")?;

    // io_uring could open sockets without these calls, so setting it up is forbidden as well.
    let forbidden = [
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_io_uring_setup,
    ];
    let rules = forbidden.into_iter().map(|call| (call, Vec::new())).collect::<BTreeMap<_, _>>();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, std::env::consts::ARCH.try_into()?)?;
    let program_code: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program_code)?;

    if program == "--open-a-socket" {
        let _never = std::net::UdpSocket::bind("127.0.0.1:0")?;
        return Err("the filter let a socket through".into());
    }
    Err(std::process::Command::new(program).args(args).exec().into())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    std::process::exit(77);
}
