//! What is taken in while the daemon runs: files that the settings name, and the settings file itself.
//!
//! One table of what is watched and what a change of it means. Invariant: a new content that cannot be used is told in
//! words and changes nothing; the old one goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Cli, Command, Invocation};
use crate::chain::Keys;
use crate::git::Nudge;
use crate::outcome::Reason;
use crate::reconcile::{Parts, chain};
use crate::settings::{self, Files, Settings, SignIn};
use crate::store::{self, Store};
use crate::telemetry;

/// Other templates may change every union; their work is spread over this time.
const SPREAD: Duration = Duration::from_secs(10);

/// The subcommand whose arguments are the settings.
const RUN: &str = "run";

/// What a watched file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    SettingsFile,
    /// Read again at each fetch; the setting that names it.
    ConfigRepo(&'static str),
    DatabaseUrl,
    Templates,
    TrustedSigners,
    SealingKeys,
    AuditKeys,
    Certificate,
    ClientSecret,
    /// Read at the start alone; the setting that names it.
    Start(&'static str),
}

/// Where what is renewed is taken in, beside what is reconciled with.
pub(super) struct Renewed {
    /// What proves to clients who we are.
    pub(super) certificate: watch::Sender<Option<Arc<ServerConfig>>>,
    /// As which client of the identity provider people sign in, if they do.
    pub(super) client: Option<watch::Sender<SignIn>>,
    /// What vouches for the audit.
    pub(super) audit_keys: watch::Sender<Option<Arc<Keys>>>,
}

/// What is needed to take something in.
pub(super) struct Reload {
    invocation: Invocation,
    uses: Vec<(PathBuf, Use)>,
    files: Files,
    store: store::Options,
    templates: settings::TemplateOptions,
    signers: settings::SignerOptions,
    sealing: settings::SealingOptions,
    audit: settings::AuditOptions,
    tls: settings::TlsOptions,
    sign_in: settings::SignInOptions,
    /// The settings in force of those that change at run time.
    current: ArgMatches,
}

impl Reload {
    /// Watches from now on what the settings name; what they are read for comes after it.
    pub(super) async fn watch(settings: &Settings, invocation: Invocation) -> Self {
        let Settings { git, store, audit, cluster, templates, signers, sealing, tls, oidc, sign_in, .. } =
            settings;
        let named = [
            (&git.repo_credentials_file, Use::ConfigRepo("repo_credentials_file")),
            (&git.repo_ca_file, Use::ConfigRepo("repo_ca_file")),
            (&git.repo_known_hosts_file, Use::ConfigRepo("repo_known_hosts_file")),
            (&store.database_url_file, Use::DatabaseUrl),
            (&cluster.kubeconfig, Use::Start("kubeconfig")),
            (&templates.templates, Use::Templates),
            (&signers.trusted_signers_file, Use::TrustedSigners),
            (&sealing.sealing_key_file, Use::SealingKeys),
            (&audit.audit_key_file, Use::AuditKeys),
            (&tls.tls_cert_file, Use::Certificate),
            (&tls.tls_key_file, Use::Certificate),
            (&sign_in.auth_oidc_client_secret_file, Use::ClientSecret),
            (&oidc.auth_oidc_ca_file, Use::Start("auth_oidc_ca_file")),
        ];
        let named = named.into_iter().filter_map(|(path, used)| Some((path.clone()?, used)));
        let uses: Vec<_> = named.chain([(invocation.settings_file(), Use::SettingsFile)]).collect();
        let files = Files::watch(uses.iter().map(|(path, _)| path.clone())).await;
        let (store, templates) = (store.clone(), templates.clone());
        let (signers, sealing, tls) = (signers.clone(), sealing.clone(), tls.clone());
        let (audit, sign_in) = (audit.clone(), sign_in.clone());
        let current = invocation.matches.clone();
        Self { invocation, uses, files, store, templates, signers, sealing, audit, tls, sign_in, current }
    }

    /// Takes in what changes until `shutdown`.
    pub(super) async fn run(
        mut self,
        parts: Arc<Parts>,
        shown: Store,
        renewed: Renewed,
        nudge: Nudge,
        filter: telemetry::Filter,
        shutdown: CancellationToken,
    ) {
        loop {
            let changed = tokio::select! {
                changed = self.files.changed() => changed,
                () = shutdown.cancelled() => return,
            };
            let uses = self.uses.iter().filter(|(path, _)| changed.contains(path)).map(|(_, used)| *used);
            let mut uses: Vec<_> = uses.collect();
            // Certificate and key are one.
            uses.dedup();
            for used in uses {
                match used {
                    Use::SettingsFile => self.settings(&nudge, &filter),
                    Use::ConfigRepo(setting) => {
                        tracing::info!("`{setting}` has changed; the config repo is asked again");
                        nudge.look();
                    }
                    Use::DatabaseUrl => match parts
                        .store
                        .follow_url(&self.store)
                        .and_then(|()| shown.follow_url(&self.store))
                    {
                        Ok(()) => tracing::info!("`database_url_file` has changed; new connections use it"),
                        Err(error) => refused("database_url_file", &error),
                    },
                    Use::Templates => self.templates(&parts).await,
                    Use::TrustedSigners => match self.signers.load() {
                        Ok(signers) => {
                            parts.trusted_signers.send_replace(signers);
                            tracing::info!(
                                "`trusted_signers_file` has changed; it judges from the next revision on"
                            );
                        }
                        Err(error) => refused("trusted_signers_file", &error),
                    },
                    Use::SealingKeys => match self.sealing.load() {
                        Ok(opener) => {
                            parts.opener.send_replace(opener);
                            tracing::info!(
                                "`sealing_key_file` has changed; it opens sealed values from now on"
                            );
                        }
                        Err(error) => refused("sealing_key_file", &error),
                    },
                    Use::AuditKeys => match self.audit.load() {
                        Ok(keys) => {
                            renewed.audit_keys.send_replace(keys);
                            tracing::info!(
                                "`audit_key_file` has changed; it vouches for the audit from now on"
                            );
                        }
                        Err(error) => refused("audit_key_file", &error),
                    },
                    Use::Certificate => match self.tls.load() {
                        Ok(config) => {
                            renewed.certificate.send_replace(config);
                            tracing::info!("`tls_cert_file` has changed; new connections are shown it");
                        }
                        // Often only the first of the two that is written.
                        Err(error) => refused("tls_cert_file", &error),
                    },
                    Use::ClientSecret => match (self.sign_in.client_secret(), &renewed.client) {
                        (Ok(secret), Some(client)) => {
                            client.send_modify(|client| client.client_secret = secret);
                            tracing::info!(
                                "`auth_oidc_client_secret_file` has changed; who signs in next is asked for with it"
                            );
                        }
                        (Ok(_), None) => {}
                        (Err(error), _) => refused("auth_oidc_client_secret_file", &error),
                    },
                    Use::Start(setting) => {
                        tracing::warn!("`{setting}` has changed; restart the daemon to use it");
                    }
                }
            }
        }
    }

    async fn templates(&self, parts: &Parts) {
        match self.templates.load() {
            Ok(templates) if templates.digest() == parts.templates.borrow().digest() => {}
            Ok(templates) => {
                tracing::info!("`templates` have changed; all unions are looked at");
                parts.templates.send_replace(Arc::new(templates));
                // Where the database is away, they are looked at when it is back: their time comes anyway.
                let _ = parts.store.make_all_due(Reason::Startup, SPREAD).await;
            }
            Err(error) => refused("templates", &error),
        }
    }

    /// Uses what can change at run time, and names what cannot.
    fn settings(&mut self, nudge: &Nudge, filter: &telemetry::Filter) {
        let matches = match self.invocation.parse_again() {
            Ok(matches) => matches,
            Err(why) => {
                return tracing::warn!("the settings file cannot be used: {why}; the old settings go on");
            }
        };
        let Ok(Cli { command: Command::Run(new), .. }) = Cli::from_arg_matches(&matches) else { return };
        let mut later = Vec::new();
        for setting in settings::names(&Cli::command(), RUN) {
            match setting.as_str() {
                "log" if differ(&self.current, &matches, "log") => {
                    filter.set(&new.telemetry);
                    tracing::info!("`log` is `{}` from now on", new.telemetry.log);
                }
                "poll_interval" if differ(&self.current, &matches, "poll_interval") => {
                    nudge.poll_every(new.git.poll_interval);
                    tracing::info!("`poll_interval` is {}s from now on", new.git.poll_interval.as_secs());
                }
                "log" | "poll_interval" => {}
                other if differ(&self.invocation.matches, &matches, other) => {
                    later.push(format!("`{other}`"));
                }
                _ => {}
            }
        }
        if !later.is_empty() {
            tracing::warn!("restart the daemon to use the changed {}", later.join(", "));
        }
        self.current = matches;
    }
}

/// Whether a setting is another in these two; its value may be a secret and is not told.
fn differ(before: &ArgMatches, now: &ArgMatches, setting: &str) -> bool {
    let raw = |matches: &ArgMatches| -> Option<Vec<_>> {
        let values = matches.subcommand_matches(RUN)?.try_get_raw(setting).ok()??;
        Some(values.map(ToOwned::to_owned).collect())
    };
    raw(before) != raw(now)
}

fn refused(setting: &str, error: &(dyn std::error::Error + 'static)) {
    tracing::warn!("the changed `{setting}` cannot be used: {}; the old one goes on", chain(error));
}
