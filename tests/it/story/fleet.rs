//! `shopfleet` as a process: configured by its environment, stopped by a signal, its log kept.

use super::control::eventually;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_shopfleet");

/// Where a fleet lives and how it is configured, whether it runs or not.
pub(super) struct Fleet {
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    running: Option<Child>,
}

impl Fleet {
    /// A fleet in `directory` that talks to the sandbox at `api_url`.
    pub(super) fn new(directory: &Path, settings: &[(&str, &str)]) -> Self {
        let variable = |(key, value): &(&str, &str)| {
            let key = key.replace('.', "__").to_uppercase();
            (format!("SHOPFLEET__{key}"), (*value).to_owned())
        };
        let environment = settings.iter().map(variable).collect();
        Self { directory: directory.to_owned(), environment, running: None }
    }

    /// Starts it. It is ready when its bots answer.
    pub(super) fn start(&mut self) {
        assert!(self.running.is_none(), "the fleet runs already");
        let log = OpenOptions::new().create(true).append(true).open(self.log_path());
        let mut command = self.command(&["run"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log file"));
        self.running = Some(command.spawn().expect("the program starts"));
    }

    /// Asks it to end, as an operator's `systemctl stop` does; it has to end well.
    pub(super) async fn stop(&mut self) {
        let mut child = self.running.take().expect("the fleet runs");
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(asked.expect("`kill` is there").success(), "the fleet had ended by itself");
        let ended = eventually(async || child.try_wait().expect("it is our child")).await;
        if ended.is_none() {
            child.kill().expect("it is our child");
        }
        let code = ended.and_then(|status| status.code());
        assert_eq!(code, Some(0), "it did not end well; its log:\n{}", self.log());
    }

    /// Audits its store: the exit code and the document it prints.
    pub(super) fn audit(&self) -> (Option<i32>, Value) {
        assert!(self.running.is_none(), "an audit needs the lease");
        let audited = self.command(&["audit", "--json"]).output().expect("the program starts");
        let complaint = String::from_utf8_lossy(&audited.stderr);
        let report = serde_json::from_slice(&audited.stdout);
        (audited.status.code(), report.unwrap_or_else(|e| panic!("no JSON: {e}; {complaint}")))
    }

    /// Stops it, and no law may be broken.
    pub(super) async fn stop_and_audit(&mut self) {
        self.stop().await;
        let (code, report) = self.audit();
        assert_eq!(report["violations"], Value::Array(Vec::new()));
        assert_eq!(code, Some(0));
    }

    /// Everything it ever logged.
    pub(super) fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The store's file.
    pub(super) fn store(&self) -> PathBuf {
        self.directory.join("shop.db")
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("stderr.log")
    }

    /// The environment is ours alone: a developer's own settings must not reach a test.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(&self.directory);
        command.env_clear().envs(&self.environment);
        command
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            // A test that failed leaves its fleet behind; it may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
