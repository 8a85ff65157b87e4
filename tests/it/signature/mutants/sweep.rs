//! Every mutant of a good envelope before the verifier, and what may come of it.

use std::cell::Cell;
use std::fmt::Debug;

use crate::forge::mutate::{Kind, Mutant, Node, mutants};

/// What a verifier makes of an envelope. `V` is all that a policy could learn from it.
#[derive(Debug, PartialEq)]
pub enum Judgement<V> {
    Valid(V),
    /// Why not.
    Refused(String),
    /// What could not be judged. Never a pass.
    Inconclusive(String),
}

/// A field that the specification leaves unsigned, or unread.
#[derive(Clone, Copy)]
pub struct Unsigned<V> {
    /// The mutant's path: `*` stands for one label, `**` at the end for all that follows, also for nothing.
    pub path: &'static str,
    /// What may be done to it. A mutant must need each.
    pub kinds: &'static [Kind],
    pub effect: Effect<V>,
    /// The sentence of the specification that leaves it open.
    pub why: &'static str,
}

/// What a mutant may do to the verdict.
#[derive(Clone, Copy)]
pub enum Effect<V> {
    /// Nothing at all.
    None,
    /// It takes away: true for the good verdict, and a mutant's that says less in this way and in no other.
    Takes(fn(&V, &V) -> bool),
    /// It is another good signature of the same artifact: the verdict is the twin's, in all that it says.
    Twin,
}

/// One kind of envelope.
pub struct Sweep<'a, V: 'static> {
    pub good: Node,
    /// A good envelope of the same form, for another artifact.
    pub other: Node,
    /// One for the same artifact that differs in all else: only what it swaps in is tried, since it is good itself.
    pub twin: Option<Node>,
    pub judge: &'a dyn Fn(&[u8]) -> Judgement<V>,
    pub unsigned: &'a [Unsigned<V>],
}

/// How many there were.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub mutants: usize,
    /// Invalid.
    pub refused: usize,
    /// Listed as unsigned, and shown to change nothing or to take away.
    pub unsigned: usize,
}

impl<V: Debug + PartialEq> Sweep<'_, V> {
    /// Judges the good envelope and every mutant.
    ///
    /// Fails where the good one is not valid, a mutant survives that is not listed or whose verdict is not the listed one, a listed field is
    /// needed by no mutant, or there are fewer than `least` mutants.
    #[track_caller]
    pub fn run(&self, least: usize) -> Counts {
        let Judgement::Valid(good) = (self.judge)(&self.good.to_bytes()) else {
            panic!("the good one: {:?}", (self.judge)(&self.good.to_bytes()));
        };
        let twin = match self.twin.as_ref().map(|twin| (self.judge)(&twin.to_bytes())) {
            Some(Judgement::Valid(verdict)) => Some(verdict),
            Some(other) => panic!("the twin: {other:?}"),
            None => None,
        };
        let swapped = self.twin.iter().flat_map(|twin| mutants(&self.good, twin).filter(|mutant| mutant.kind == Kind::Swap));
        let needed: Vec<(&Unsigned<V>, Vec<Cell<bool>>)> =
            self.unsigned.iter().map(|field| (field, field.kinds.iter().map(|_| Cell::new(false)).collect())).collect();
        let mut counts = Counts::default();
        let mut survivors = Vec::new();
        for mutant in mutants(&self.good, &self.other).chain(swapped) {
            counts.mutants += 1;
            let judgement = (self.judge)(&mutant.bytes);
            if let Judgement::Refused(_) = judgement {
                counts.refused += 1;
                continue;
            }
            match needed.iter().find(|(field, _)| field.excuses(&mutant, &judgement, &good, twin.as_ref())) {
                Some((field, needed)) => {
                    counts.unsigned += 1;
                    field.kinds.iter().zip(needed).filter(|(kind, _)| **kind == mutant.kind).for_each(|(_, needed)| needed.set(true));
                }
                None => survivors.push(format!("{mutant}: {}", difference(&good, &judgement))),
            }
        }
        let idle: Vec<String> = needed
            .iter()
            .flat_map(|(field, needed)| field.kinds.iter().zip(needed).map(|(kind, needed)| (field.path, kind, needed.get())))
            .filter(|(_, _, needed)| !needed)
            .map(|(path, kind, _)| format!("{kind:?} {path}"))
            .collect();
        assert!(survivors.is_empty(), "{} of {} survive:\n{}", survivors.len(), counts.mutants, survivors.join("\n"));
        assert!(idle.is_empty(), "listed, and needed by no mutant:\n{}", idle.join("\n"));
        assert!(counts.mutants >= least, "{counts:?}: at least {least} mutants were expected");
        assert!(self.unsigned.iter().all(|field| !field.why.is_empty()));
        assert_eq!(counts.mutants, counts.refused + counts.unsigned);
        println!("{counts:?}");
        counts
    }
}

impl<V: PartialEq> Unsigned<V> {
    fn excuses(&self, mutant: &Mutant, judgement: &Judgement<V>, good: &V, twin: Option<&V>) -> bool {
        let effect = match (&self.effect, judgement) {
            (Effect::None, Judgement::Valid(verdict)) => verdict == good,
            (Effect::Takes(takes), Judgement::Valid(verdict)) => takes(good, verdict),
            (Effect::Twin, Judgement::Valid(verdict)) => twin == Some(verdict),
            (_, Judgement::Refused(_) | Judgement::Inconclusive(_)) => false,
        };
        effect && self.kinds.contains(&mutant.kind) && fits(self.path, &mutant.path)
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    // Labels may hold slashes: names of headers do not, media types do not stand in paths.
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (Some("**"), _) => return pattern.next().is_none(),
            (Some(wanted), Some(label)) if wanted == "*" || wanted == label => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// The parts of the two verdicts that are not the same, as far as their texts show it.
fn difference<V: Debug>(good: &V, judgement: &Judgement<V>) -> String {
    let Judgement::Valid(verdict) = judgement else {
        return match judgement {
            Judgement::Refused(why) | Judgement::Inconclusive(why) => format!("inconclusive: {why}"),
            Judgement::Valid(_) => unreachable!("handled above"),
        };
    };
    let (good, verdict) = (format!("{good:#?}"), format!("{verdict:#?}"));
    let only_in = |a: &str, b: &str, sign: char| {
        let lines: Vec<&str> = a.lines().filter(|line| !b.lines().any(|other| other == *line)).take(6).collect();
        lines.iter().map(|line| format!("\n    {sign} {}", line.trim())).collect::<String>()
    };
    let lines = only_in(&good, &verdict, '-') + &only_in(&verdict, &good, '+');
    if lines.is_empty() { "valid, with the same verdict".into() } else { format!("valid, with another verdict:{lines}") }
}

#[test]
fn a_sweep_sees_survivors_idle_entries_and_emptiness() {
    use crate::forge::mutate::Depth;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    // A verifier that minds `a` only, and says what `b` is.
    let judge = |bytes: &[u8]| {
        let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        if json["a"] == "good" { Judgement::Valid(json["b"].clone()) } else { Judgement::Refused("a".into()) }
    };
    let node = |text: &str| Node::json(text.as_bytes(), Depth::outside());
    let run = |unsigned: &[Unsigned<serde_json::Value>], least: usize| {
        let [good, other] = [node(r#"{"a": "good", "b": 1, "c": 1}"#), node(r#"{"a": "other", "b": 2, "c": 1}"#)];
        let sweep = Sweep { good, other, twin: None, judge: &judge, unsigned };
        catch_unwind(AssertUnwindSafe(|| sweep.run(least))).map_err(|panic| *panic.downcast::<String>().unwrap())
    };
    let any = || Unsigned { path: "b", kinds: &[Kind::FlipBit, Kind::Drop, Kind::Swap], effect: Effect::Takes(|_, _| true), why: "x" };
    let c = |kinds| Unsigned { path: "c", kinds, effect: Effect::None, why: "x" };
    const BOTH: &[Kind] = &[Kind::FlipBit, Kind::Drop];
    assert_eq!(run(&[any(), c(BOTH)], 9).unwrap(), Counts { mutants: 9, refused: 4, unsigned: 5 });
    assert!(run(&[any(), c(BOTH)], 10).unwrap_err().contains("at least 10"));
    assert!(run(&[any()], 9).unwrap_err().contains("2 of 9 survive"));
    assert!(run(&[any(), c(&BOTH[..1])], 9).unwrap_err().contains("Drop c"));
    assert!(run(&[any(), c(&[Kind::FlipBit, Kind::Drop, Kind::Swap])], 9).unwrap_err().contains("needed by no mutant:\nSwap c"));
    // Listed as harmless, and it is not.
    let harmless = Unsigned { effect: Effect::None, ..any() };
    assert!(run(&[harmless, c(BOTH)], 9).unwrap_err().contains("3 of 9 survive"));
}
