//! The numbered steps of a verifier as they are walked, for `inspect --explain-signature` and `verify-bundle -v`.

use super::{Rejection, Step, StepResult};

/// All steps, reached or not.
#[derive(Debug, Clone)]
pub(in crate::signature) struct Trail {
    steps: Vec<Step>,
}

impl Trail {
    /// No step reached. `titles`: title and expectation of each step, in the order and numbering of the verifier's documentation.
    pub fn new(titles: &'static [(&'static str, &'static str)]) -> Self {
        let steps = (1..).zip(titles).map(|(number, (title, expected))| Step {
            number,
            title,
            expected: (*expected).into(),
            presented: String::new(),
            result: StepResult::NotReached,
        });
        Self { steps: steps.collect() }
    }

    /// Notes what came of a step: what was seen and the value for the steps after it, or why the signature is rejected.
    pub fn take<T>(&mut self, number: u32, result: Result<(String, T), Rejection>) -> Result<T, Rejection> {
        match result {
            Ok((presented, value)) => {
                self.note(number, presented, StepResult::Ok);
                Ok(value)
            }
            Err(rejection) => {
                self.note(number, rejection.to_string(), StepResult::Failed);
                Err(rejection)
            }
        }
    }

    /// Notes a step that could not be judged.
    pub fn unknown(&mut self, number: u32, presented: String) {
        self.note(number, presented, StepResult::Unknown);
    }

    /// How many steps hold.
    pub fn reached(&self) -> usize {
        self.steps.iter().filter(|step| step.result == StepResult::Ok).count()
    }

    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    fn note(&mut self, number: u32, presented: String, result: StepResult) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.number == number) {
            step.presented = presented;
            step.result = result;
        }
    }
}
