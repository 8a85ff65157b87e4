//! Docker's credential helpers: `docker-credential-NAME get`, the registry on its input, JSON on its output.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::RegistryLogin;

/// Bytes of a helper's output.
const OUTPUT_BYTES: u64 = 64 << 10;

/// Time for a helper: one that asks a cloud takes seconds.
const TIME: Duration = Duration::from_secs(30);

/// A helper by its name in `config.json`.
#[derive(Clone, Copy)]
pub(super) struct Helper<'a> {
    pub name: &'a str,
    /// Where it is; `None`: in `PATH`.
    pub folder: Option<&'a Path>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    username: String,
    secret: String,
}

/// The helper's login for a server; `None` where it has none.
pub(super) fn get(helper: Helper<'_>, server: &str) -> Result<Option<RegistryLogin>, String> {
    let name = helper.name;
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err("the name of its credential helper is no name of a program".into());
    }
    let program = format!("docker-credential-{name}");
    let path = helper.folder.map_or_else(|| program.clone().into(), |folder| folder.join(&program));
    let mut child = Command::new(path)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("its credential helper {program} does not start: {e}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read has its reasons; its output tells.
        let _ = input.write_all(server.as_bytes());
    }
    let (send, receive) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(OUTPUT_BYTES + 1).read_to_end(&mut bytes);
            let _ = send.send(read.map(|_| bytes));
        });
    }
    let started = Instant::now();
    let output = receive.recv_timeout(TIME);
    let left = || TIME.saturating_sub(started.elapsed());
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) if output.is_ok() => break status,
            Ok(_) if output.is_err() || left().is_zero() => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("its credential helper {program} did not answer within {} seconds", TIME.as_secs()));
            }
            Ok(_) => std::thread::sleep(Duration::from_millis(5)),
            Err(e) => return Err(format!("its credential helper {program}: {e}")),
        }
    };
    let bytes = output.ok().and_then(Result::ok).unwrap_or_default();
    if bytes.len() as u64 > OUTPUT_BYTES {
        return Err(format!("its credential helper {program} writes more than {OUTPUT_BYTES} bytes"));
    }
    if !status.success() {
        let says = String::from_utf8_lossy(&bytes).to_lowercase();
        // The words of github.com/docker/docker-credential-helpers.
        return match says.contains("credentials not found") {
            true => Ok(None),
            false => Err(format!("its credential helper {program} fails ({status})")),
        };
    }
    let output: Output =
        serde_json::from_slice(&bytes).map_err(|_| format!("its credential helper {program} gives no Username and Secret"))?;
    Ok(Some(match output.username.as_str() {
        "<token>" => RegistryLogin::IdentityToken(output.secret),
        _ => RegistryLogin::Basic { username: output.username, password: output.secret },
    }))
}
