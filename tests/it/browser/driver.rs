//! The browser's driver as a child process, and a browser without a window from it.

use super::patience::until;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const MISSING: &str = "chromedriver cannot be started. On Debian: sudo apt-get install -y chromium \
                       chromium-driver fonts-noto-cjk fonts-noto-color-emoji";

/// A driver that ends with its test.
pub(super) struct Driver {
    child: Child,
    /// What it says, and what the browser keeps.
    folder: TempDir,
}

impl Driver {
    /// Starts it on a port of its own choice.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let said = fs::File::create(said(&folder)).expect("a file");
        let child = Command::new("chromedriver")
            .arg("--port=0")
            // The page shows the browser's time; the pictures show the bots' beside it.
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(said)
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{MISSING} ({error})"));
        Self { child, folder }
    }

    /// A browser with a window of this size in pixels.
    pub(super) async fn browser(&self, width: u32, height: u32) -> Client {
        let port = until("the port of chromedriver", async || {
            let said = fs::read_to_string(said(&self.folder)).ok()?;
            let rest = said.split("started successfully on port ").nth(1)?;
            rest.split_once('.').map(|(port, _)| port.to_owned())
        })
        .await;
        let arguments = json!([
            "--headless=new",
            // Only the demo's own page is opened, and containers have no sandbox of the kernel's.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-proxy-server",
            "--hide-scrollbars",
            "--lang=en-US",
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", self.folder.path().join("profile").display()),
        ]);
        let Value::Object(capabilities) = json!({"goog:chromeOptions": {"args": arguments}}) else {
            unreachable!("an object was written")
        };
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser; `sudo apt-get install -y chromium` if there is none")
    }
}

impl Drop for Driver {
    /// A failed test does not close its browser; the driver takes it along.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(folder: &TempDir) -> PathBuf {
    folder.path().join("chromedriver.log")
}
