//! Where a customer stands in the trade with us.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A customer's stage. Any stage may follow any other: people change their minds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Known by name, nothing more.
    #[default]
    Lead,
    /// Shows interest.
    Prospect,
    /// Could and would buy.
    Qualified,
    /// Has bought.
    Customer,
    /// Has not been heard of for a while.
    Dormant,
    /// Went elsewhere.
    Lost,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: &'static [Self] =
        &[Self::Lead, Self::Prospect, Self::Qualified, Self::Customer, Self::Dormant, Self::Lost];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Prospect => "prospect",
            Self::Qualified => "qualified",
            Self::Customer => "customer",
            Self::Dormant => "dormant",
            Self::Lost => "lost",
        }
    }

    /// The stage of a wire name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|stage| stage.as_str() == code)
    }
}

/// A text that names no stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such stage")]
pub struct UnknownStage;

impl FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::from_code(code).ok_or(UnknownStage)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_reads_itself_back() {
        for stage in Stage::ALL {
            assert_eq!(stage.to_string().parse(), Ok(*stage));
        }
        assert_eq!("Lead".parse::<Stage>(), Err(UnknownStage));
    }
}
