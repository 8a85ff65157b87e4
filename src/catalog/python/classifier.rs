//! Licence classifiers of PyPI (trove-classifiers) as SPDX licences. PEP 639 deprecates them, and most packages still have nothing better.

use crate::catalog::Licence;

/// Licences of one package that are kept. Real ones have at most five.
const MAX_LICENCES: usize = 32;

/// What the classifiers say, each once: those that name one licence as its SPDX id, the others (`BSD License`) as they are.
pub(super) fn licences<'a>(classifiers: impl Iterator<Item = &'a str>) -> Vec<Licence> {
    let mut all: Vec<Licence> = Vec::new();
    for classifier in classifiers {
        let Some(below) = classifier.strip_prefix("License ::") else { continue };
        let name = below.rsplit("::").next().unwrap_or(below).trim();
        if name == "OSI Approved" || name.is_empty() || all.len() >= MAX_LICENCES {
            continue;
        }
        let id = IDS.iter().find(|(written, _)| *written == name).map(|(_, id)| Licence::Expression((*id).to_owned()));
        if let Some(licence) = id.or_else(|| Licence::read(name)) {
            all.push(licence);
        }
    }
    all.sort();
    all.dedup();
    all
}

/// The last part of a classifier, and the one licence that it can mean. `BSD License`, `Public Domain` and names without a version
/// (`GNU General Public License (GPL)`) can mean several, and stay what they are. `Apache Software License` is the name that PyPI
/// itself shows for 2.0.
pub(super) const IDS: [(&str, &str); 47] = [
    ("Apache Software License", "Apache-2.0"),
    ("Attribution Assurance License", "AAL"),
    ("Blue Oak Model License (BlueOak-1.0.0)", "BlueOak-1.0.0"),
    ("Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"),
    ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0-1.0"),
    ("CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)", "CECILL-2.1"),
    ("CeCILL-B Free Software License Agreement (CECILL-B)", "CECILL-B"),
    ("CeCILL-C Free Software License Agreement (CECILL-C)", "CECILL-C"),
    ("CMU License (MIT-CMU)", "MIT-CMU"),
    ("Common Development and Distribution License 1.0 (CDDL-1.0)", "CDDL-1.0"),
    ("Eclipse Public License 1.0 (EPL-1.0)", "EPL-1.0"),
    ("Eclipse Public License 2.0 (EPL-2.0)", "EPL-2.0"),
    ("Educational Community License, Version 2.0 (ECL-2.0)", "ECL-2.0"),
    ("European Union Public Licence 1.0 (EUPL 1.0)", "EUPL-1.0"),
    ("European Union Public Licence 1.1 (EUPL 1.1)", "EUPL-1.1"),
    ("European Union Public Licence 1.2 (EUPL 1.2)", "EUPL-1.2"),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    ("GNU Affero General Public License v3 or later (AGPLv3+)", "AGPL-3.0-or-later"),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    ("GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
    ("GNU Lesser General Public License v2 (LGPLv2)", "LGPL-2.0-only"),
    ("GNU Lesser General Public License v2 or later (LGPLv2+)", "LGPL-2.0-or-later"),
    ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"),
    ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
    ("Historical Permission Notice and Disclaimer (HPND)", "HPND"),
    ("ISC License (ISCL)", "ISC"),
    ("MIT License", "MIT"),
    ("MIT No Attribution License (MIT-0)", "MIT-0"),
    ("MirOS License (MirOS)", "MirOS"),
    ("Mozilla Public License 1.0 (MPL)", "MPL-1.0"),
    ("Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("Mulan Permissive Software License v2 (MulanPSL-2.0)", "MulanPSL-2.0"),
    ("Open Software License 3.0 (OSL-3.0)", "OSL-3.0"),
    ("PostgreSQL License", "PostgreSQL"),
    ("Python License (CNRI Python License)", "CNRI-Python"),
    ("Python Software Foundation License", "PSF-2.0"),
    ("SIL Open Font License 1.1 (OFL-1.1)", "OFL-1.1"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("Universal Permissive License (UPL)", "UPL-1.0"),
    ("University of Illinois/NCSA Open Source License", "NCSA"),
    ("Vovida Software License 1.0", "VSL-1.0"),
    ("W3C License", "W3C"),
    ("zlib/libpng License", "Zlib"),
    ("Zero-Clause BSD (0BSD)", "0BSD"),
];
