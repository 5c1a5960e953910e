//! `shopfleet demo` as a child process.

use super::patience::until;
use regex::Regex;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running demo.
pub(super) struct Demo {
    child: Child,
    /// Its page, such as `http://127.0.0.1:4711`.
    pub(super) address: String,
    guide: String,
    log: PathBuf,
}

impl Demo {
    /// Starts it on what `folder` remembers and waits for its guide; port 0 is one of its choice.
    pub(super) async fn start(folder: &Path, port: u16) -> Self {
        let (out, log) = (folder.join("out.txt"), folder.join("log.txt"));
        let child = Command::new(env!("CARGO_BIN_EXE_shopfleet"))
            .args(["demo", "--port", &port.to_string(), "--data"])
            .arg(folder.join("data"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(File::create(&out).expect("a file"))
            .stderr(File::create(&log).expect("a file"))
            .spawn()
            .expect("the program starts");
        let guide = until("the demo's guide", async || {
            let guide = fs::read_to_string(&out).ok()?;
            guide.contains("Ctrl-C").then_some(guide)
        })
        .await;
        let address = first(r"(http://127\.0\.0\.1:\d+)", &guide);
        Self { child, address, guide, log }
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        first(r":(\d+)$", &self.address).parse().expect("a port")
    }

    /// The token that the guide offers for one's own agent.
    pub(super) fn spare_token(&self) -> String {
        first(r"/agent_create \S+ (\S+)", &self.guide)
    }

    /// Ctrl-C: it ends by itself, in order.
    pub(super) async fn stop(&mut self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let status = until("the demo to end", async || self.child.try_wait().expect("a child"));
        assert!(status.await.success(), "it ends with exit code 0");
    }

    /// Nothing that an operator would have to look at happened.
    pub(super) fn logged_no_trouble(&self) {
        let log = fs::read_to_string(&self.log).expect("the log");
        assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    }
}

impl Drop for Demo {
    /// A failed test does not stop it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn first(pattern: &str, text: &str) -> String {
    let found = Regex::new(pattern).expect("a constant").captures(text);
    found.unwrap_or_else(|| panic!("no {pattern} in {text}"))[1].to_owned()
}
