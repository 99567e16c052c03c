//! Conditions and parameters, evaluated with the parameters' defaults.

use serde_json::Value;

/// The template's conditions and the defaults that they rest on.
#[derive(Debug)]
pub(super) struct Conditions {
    parameters: Value,
    conditions: Value,
}

impl Conditions {
    pub(super) fn new(parameters: &Value, conditions: &Value) -> Self {
        Self {
            parameters: parameters.clone(),
            conditions: conditions.clone(),
        }
    }

    /// Whether the named condition holds.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.evaluate(&self.conditions[name])
    }

    fn evaluate(&self, expression: &Value) -> bool {
        let Some((function, argument)) = expression.as_object().and_then(|e| e.iter().next())
        else {
            return false;
        };
        let arguments = argument.as_array().map_or(&[][..], Vec::as_slice);
        match function.as_str() {
            "Fn::Equals" => match arguments {
                [left, right] => self.text(left) == self.text(right),
                _ => false,
            },
            "Fn::Not" => arguments.first().is_some_and(|inner| !self.evaluate(inner)),
            "Fn::And" => arguments.iter().all(|inner| self.evaluate(inner)),
            "Fn::Or" => arguments.iter().any(|inner| self.evaluate(inner)),
            "Condition" => argument.as_str().is_some_and(|name| self.holds(name)),
            _ => false,
        }
    }

    /// A value with `Ref` to a parameter and `Fn::If` resolved.
    pub(super) fn value<'a>(&'a self, value: &'a Value) -> &'a Value {
        if let Some(parameter) = value["Ref"].as_str() {
            return &self.parameters[parameter]["Default"];
        }
        match value["Fn::If"].as_array().map(Vec::as_slice) {
            Some([condition, yes, no]) => {
                let holds = condition.as_str().is_some_and(|name| self.holds(name));
                self.value(if holds { yes } else { no })
            }
            _ => value,
        }
    }

    fn text(&self, value: &Value) -> String {
        match self.value(value) {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}
