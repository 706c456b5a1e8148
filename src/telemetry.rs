//! What the daemon says about itself: logs on standard error, metrics for Prometheus, traces for a collector.
//!
//! A failure is logged once, where it is handled; calls of outside systems are counted by who makes them.
//! Never in either: rendered manifests, secret values, members' addresses, URLs with credentials, bodies of answers.

mod metrics;
mod otlp;
mod trace;

pub use metrics::{Metrics, Scrape, System};
pub use otlp::{OtlpError, OtlpOptions, Traces};
pub use trace::of_deployment;

use std::io::IsTerminal as _;

use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// What is logged, and how.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// What is logged: a level, or levels per module, such as `info,keyforge=debug`
    #[arg(long, env = "KEYFORGE_LOG", value_name = "FILTER", default_value = "info", value_parser = filter)]
    pub log: String,
    /// Form of the log on standard error
    #[arg(long, env = "KEYFORGE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Where traces go.
    #[command(flatten)]
    pub otlp: OtlpOptions,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn filter(text: &str) -> Result<String, tracing_subscriber::filter::ParseError> {
    EnvFilter::builder().parse(text).map(|_| text.to_owned())
}

/// What is logged, while the process runs.
pub struct Filter(reload::Handle<EnvFilter, Registry>);

impl Filter {
    /// From now on so much.
    pub fn set(&self, options: &Options) {
        // It fails only where nothing is logged any more.
        let _ = self.0.reload(parsed(options));
    }
}

/// The settings were checked: what is no filter was refused there.
fn parsed(options: &Options) -> EnvFilter {
    EnvFilter::builder().parse_lossy(&options.log)
}

/// Starts logging, and logs panics from here on. What is an error is told to the collector of traces too, if there is one.
///
/// # Errors
/// The settings of traces cannot be used.
pub fn start(options: &Options) -> Result<(Filter, Traces), OtlpError> {
    let traces = Traces::start(&options.otlp)?;
    // Colours are for a terminal; in a file they are noise.
    let colours = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let layer = match options.log_format {
        LogFormat::Text => layer.with_target(false).boxed(),
        LogFormat::Json => {
            layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    };
    let (filter, handle) = reload::Layer::new(parsed(options));
    tracing_subscriber::registry().with(filter).with(layer).with(otlp::Errors::told(&traces)).init();
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message =
            payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic: {}", message.unwrap_or("without a message"));
    }));
    Ok((Filter(handle), traces))
}
