//! Every reason that the protocol knows can be told to a person, in both languages.

use messages::Catalogue;
use sync::Code;
use vocab::{Lang, Refusal};

#[test]
fn every_reason_of_the_protocol_has_words_in_both_languages() {
    let connections = Code::ALL.into_iter().chain([Code::Other(200)]).map(|code| format!("refused-{}", code.code()));
    let changes = Refusal::ALL.into_iter().map(|refusal| format!("refusal-{}", refusal.code()));
    for key in connections.chain(changes) {
        for lang in Lang::ALL {
            let text = Catalogue::of(lang).text(&key, &[]);
            assert!(!text.contains(&key), "{key} has no words in {lang}");
        }
    }
    let unknown = ["refused", "no_such_code"].join("-");
    assert!(Catalogue::of(Lang::En).text(&unknown, &[]).contains(&unknown));
}
