//! A subject is said once: a message beside it names it briefly.

/// `message` with `subject`, where it first stands as a whole word, replaced by its short name: `http-client:5` for
/// `arn:aws:lambda:eu-west-1:111122223333:layer:http-client:5`. Other subjects in it stay whole, since they stand nowhere else, and so
/// does what is quoted after it: an API's own words are not touched.
pub(super) fn without_subject(message: &str, subject: &str) -> String {
    let Some(name) = short(subject) else { return message.to_owned() };
    for (at, _) in message.match_indices(subject) {
        let Some((before, rest)) = message.split_at_checked(at) else { continue };
        let after = rest.strip_prefix(subject).unwrap_or(rest);
        if !before.chars().next_back().is_some_and(is_of_name) && !continues(after) {
            return format!("{before}{name}{after}");
        }
    }
    message.to_owned()
}

/// The last part of a Lambda ARN with its version or alias, and the repository of an image with a digest. `None` for all else.
fn short(subject: &str) -> Option<&str> {
    if subject.starts_with("arn:") {
        let resource = subject.splitn(6, ':').last()?;
        return resource.strip_prefix("layer:").or_else(|| resource.strip_prefix("function:")).filter(|name| !name.is_empty());
    }
    let (image, _) = subject.split_once("@sha256:")?;
    image.split_once('/').map(|(_, repository)| repository).filter(|name| !name.is_empty())
}

/// True where the name goes on: `…:function:pay` in `…:function:pay-api`, `…:function:pay:live` or `…:function:pay.zip`.
fn continues(after: &str) -> bool {
    let mut chars = after.chars();
    match chars.next() {
        Some(':' | '.' | ',') => chars.next().is_some_and(is_of_name),
        Some(c) => is_of_name(c),
        None => false,
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '$' | '/' | '@' | ':' | '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:7";

    #[test]
    fn a_subject_is_not_said_twice() {
        assert_eq!(
            without_subject(&format!("the layer version {LAYER} has no signature"), LAYER),
            "the layer version deps:7 has no signature"
        );
        assert_eq!(without_subject(&format!("{LAYER}: no ({LAYER} is gone.)"), LAYER), format!("deps:7: no ({LAYER} is gone.)"));
        let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app@sha256:00";
        assert_eq!(without_subject(&format!("the image {image} has no signature"), image), "the image team/app has no signature");
    }

    #[test]
    fn another_subject_that_begins_alike_stays_whole() {
        for other in [format!("{LAYER}1"), format!("{LAYER}-x"), format!("x{LAYER}")] {
            assert_eq!(without_subject(&format!("see {other} too"), LAYER), format!("see {other} too"));
        }
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:pay";
        assert_eq!(without_subject(&format!("{function}:live routes to {function}."), function), format!("{function}:live routes to pay."));
    }

    #[test]
    fn files_and_other_arns_stay_whole() {
        for subject in ["./a b.zip", "arn:aws:ecr:eu-west-1:111122223333:repository/app", "arn:aws:lambda:eu-west-1:111122223333:layer:"] {
            assert_eq!(without_subject(&format!("the zip {subject} lies"), subject), format!("the zip {subject} lies"));
        }
    }
}
