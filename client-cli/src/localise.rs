//! Help in the chosen language: the shape of a command comes from clap, every word of it from the catalogue.
//!
//! A command at path `customer add` takes its line from `help-customer-add`; its argument `why` from `arg-cancel-why`
//! style keys: the most specific of `arg-<path>-<id>`, `arg-<last word>-<id>` and `arg-<id>`. Arguments derived from a field of
//! a record bring their text along.

use clap::{Arg, ArgAction, Command};
use messages::Catalogue;

/// Gives `command` and everything below it its words. `path` is the words that lead to it, without the program's name.
pub(crate) fn localise(command: Command, path: &[&str], texts: &Catalogue) -> Command {
    let about_key = if path.is_empty() { "cli-help".to_owned() } else { format!("cli-help-{}", path.join("-")) };
    let is_program = path.is_empty();
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let usage = usage(&command, path, texts);
    // Commands derived from the tables of a kind bring their words along.
    let about = command.get_about().cloned().unwrap_or_else(|| texts.text(&about_key, &[]).into());
    let mut command = command
        .about(about)
        .override_usage(usage)
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help).display_order(1_000).help_heading(None))
        .subcommand_help_heading(texts.text("cli-help-heading-commands", &[]))
        .help_template(template(texts))
        .mut_args(|arg| described(arg, path, texts));
    for name in names {
        let below: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        command = command.mut_subcommand(&name, |sub| localise(sub, &below, texts).hide(is_program));
    }
    command
}

fn template(texts: &Catalogue) -> String {
    format!("{{about}}\n\n{}: {{usage}}\n\n{{all-args}}{{after-help}}\n", texts.text("cli-help-heading-usage", &[]))
}

/// `fieldbook customer add [OPTIONS]`, in the words of the catalogue.
fn usage(command: &Command, path: &[&str], texts: &Catalogue) -> String {
    let mut usage = std::iter::once("fieldbook").chain(path.iter().copied()).collect::<Vec<_>>().join(" ");
    if command.has_subcommands() {
        usage.push(' ');
        usage.push_str(&texts.text("cli-help-usage-command", &[]));
    }
    for arg in command.get_positionals() {
        let name =
            arg.get_value_names().and_then(<[_]>::first).map_or_else(|| arg.get_id().as_str(), |name| name.as_str());
        usage.push_str(&if arg.is_required_set() { format!(" {name}") } else { format!(" [{name}]") });
    }
    for arg in command.get_opts().filter(|arg| arg.is_required_set()) {
        if let (Some(long), Some([name, ..])) = (arg.get_long(), arg.get_value_names()) {
            usage.push_str(&format!(" --{long} {name}"));
        }
    }
    usage.push(' ');
    usage.push_str(&texts.text("cli-help-usage-options", &[]));
    usage
}

fn described(arg: Arg, path: &[&str], texts: &Catalogue) -> Arg {
    let positional = arg.is_positional();
    let heading = texts.text(if positional { "cli-help-heading-arguments" } else { "cli-help-heading-options" }, &[]);
    let arg = if arg.get_help_heading().is_none() { arg.help_heading(heading) } else { arg };
    // What clap would add to the text in English, the texts say themselves.
    let arg = match arg.get_action().takes_values() {
        true => arg.hide_possible_values(true).hide_default_value(true).hide_env(true),
        false => arg,
    };
    if arg.get_help().is_some() {
        return arg;
    }
    let help = texts.text(&argument_key(path, arg.get_id().as_str(), texts), &[]);
    arg.help(help)
}

fn argument_key(path: &[&str], id: &str, texts: &Catalogue) -> String {
    let specific = format!("cli-arg-{}-{id}", path.join("-"));
    let by_verb = format!("cli-arg-{}-{id}", path.last().copied().unwrap_or_default());
    [specific, by_verb].into_iter().find(|key| texts.has(key)).unwrap_or_else(|| format!("cli-arg-{id}"))
}
