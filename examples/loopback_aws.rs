//! Serves a snapshot as AWS would, for people and benchmarks: `cargo run --example loopback_aws -- testdata/fleet [PORT]`.
//!
//! Prints the environment for a shell, and answers until it is killed. See tests/loopback.

#[path = "../tests/forge/mod.rs"]
mod forge;

#[path = "../tests/loopback/mod.rs"]
mod loopback;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use loopback::{Fleet, LoopbackAws};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let folder: PathBuf = args.next().ok_or("usage: loopback_aws DIR [PORT]")?.into();
    let port = args.next().map_or(Ok(0), |port| port.to_string_lossy().parse())?;
    let fleet = Fleet::read(folder);
    let accounts = fleet.accounts();
    let account = accounts.first().ok_or("the snapshot records no account")?.clone();
    let region = fleet.regions(&account).into_iter().next().ok_or("the snapshot records no region")?;
    let aws = LoopbackAws::of(fleet).start_on(port);
    let home = tempfile::TempDir::with_prefix("loopback-aws-")?;
    let mut out = std::io::stdout().lock();
    for (name, value) in aws.env(home.path(), &account, &region) {
        writeln!(out, "export {name}='{value}'")?;
    }
    for account in accounts {
        writeln!(out, "# --role-arn arn:aws:iam::{account}:role/layerproof")?;
    }
    out.flush()?;
    loop {
        std::thread::park();
    }
}
