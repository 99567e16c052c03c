//! The documents hold together: no link leads nowhere.

use std::fs;
use std::path::{Path, PathBuf};

fn markdown(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            markdown(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            into.push(path);
        }
    }
}

/// The targets of `[text](target)` that are files of the repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        let outside = target.contains("://") || target.starts_with("mailto:");
        (!outside && !target.is_empty() && !target.contains(char::is_whitespace)).then_some(target)
    })
}

#[test]
fn op_13_every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    markdown(root, &mut files);
    let mut broken = Vec::new();
    let mut count = 0;
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        for target in links(&text) {
            count += 1;
            if !file.parent().unwrap().join(target).exists() {
                broken.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 30, "only {count} links found");
}

fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "py")
        {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// What the threat model says is proved, is.
#[test]
fn sc_10_every_test_of_the_threat_model_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut code = String::new();
    for folder in ["functions", "shared", "audit", "tests", "local"] {
        sources(&root.join(folder), &mut code);
    }
    let text = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let names: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.trim_end_matches(" |").rsplit(" | ").next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(names.len() > 30, "only {} names found", names.len());
    let missing: Vec<&&str> = names
        .iter()
        .filter(|name| {
            let defined = [format!("fn {name}("), format!("def test_{name}(")];
            !defined.iter().any(|definition| code.contains(definition))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
