//! Pulls an image into a store folder, each blob held against its digest:
//!
//! `pull_image STORE REGISTRY/REPOSITORY[:TAG][@sha256:…] [x86_64|arm64]`
//!
//! Credentials are those of `docker login`; loopback registries are asked over plain HTTP. Ends with 3, and says why, where the image
//! cannot be had. It looks into no layer: that is what `unpack::analyse_image` does.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use layerproof::clients::{Clients, Network};
use layerproof::fetch::{Fetched, Fetching, Wanted, fetch, resolve};
use layerproof::model::artifact::BlobLocation;
use layerproof::model::image_ref::ImageRef;
use layerproof::model::observed::Observed;
use layerproof::store::Store;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, image, rest @ ..] = args.as_slice() else {
        return Err("usage: pull_image STORE IMAGE [ARCHITECTURE]".into());
    };
    let architecture = rest.first().map_or("x86_64", String::as_str);
    let store = Store::open(Path::new(folder))?;
    let clients = Clients::online(Network::default())?;
    let mut reference: ImageRef = image.parse()?;
    if reference.digest.is_none() {
        reference.digest = match resolve(&reference, None, clients.need(image, "the tag").map_err(|gap| gap.to_string())?) {
            Observed::Present(digest) => Some(digest),
            Observed::Absent => return missing("there is no such tag"),
            Observed::Unknown(gap) => return missing(&gap.to_string()),
        };
    }
    let location = BlobLocation::Registry { asked_in: None, image: reference, architecture: architecture.into() };
    let wanted = Wanted { subject: image, digest: None, size: None };
    match fetch(&location, &wanted, Fetching { store: &store, clients: &clients, refetch: false })? {
        Observed::Present(Fetched::Image { digest, .. }) => {
            writeln!(std::io::stdout(), "{digest}")?;
            Ok(ExitCode::SUCCESS)
        }
        Observed::Present(Fetched::Blob(_) | Fetched::Directory(_)) | Observed::Absent => Err("a registry gave something else".into()),
        Observed::Unknown(gap) => missing(&format!("{gap}\n{}", gap.next_step)),
    }
}

fn missing(why: &str) -> Result<ExitCode, Box<dyn std::error::Error>> {
    writeln!(std::io::stderr(), "{why}")?;
    Ok(ExitCode::from(3))
}
