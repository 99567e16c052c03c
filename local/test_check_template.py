"""Each rule of check_template.py, against a template that breaks it."""

import copy
import unittest

from check_template import Check, load

TEMPLATE = load()


class Rules(unittest.TestCase):
    """The template as it is passes; every one of these changes is a fault."""

    def faults(self, change):
        template = copy.deepcopy(TEMPLATE)
        change(template["Resources"])
        return "\n".join(Check(template).run())

    def test_the_template_passes(self):
        self.assertEqual(self.faults(lambda _: None), "")

    def test_op_01_a_function_without_a_role_of_its_own(self):
        change = lambda r: r["EventsApi"]["Properties"].update(Role={"Fn::GetAtt": ["AuthApiRole", "Arn"]})
        self.assertIn("EventsApi: no role", self.faults(change))

    def test_op_12_a_function_that_no_binary_belongs_to(self):
        change = lambda r: r["EventsApi"]["Properties"].update(CodeUri="target/lambda/event-api/")
        self.assertIn("the workspace and the template differ", self.faults(change))

    def test_logs_that_are_kept_for_ever(self):
        change = lambda r: r["EventsApiLogs"]["Properties"].pop("RetentionInDays")
        self.assertIn("kept for ever", self.faults(change))

    def test_ob_11_an_alarm_that_tells_nobody(self):
        alarm = next(k for k, r in TEMPLATE["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm")
        self.assertIn("tells nobody", self.faults(lambda r: r[alarm]["Properties"].pop("AlarmActions")))
        self.assertIn("no alarm", self.faults(lambda r: r.pop(alarm)))

    def test_ob_12_a_dashboard_with_a_figure_missing(self):
        self.assertIn("no dashboard shows", self.faults(lambda r: r.pop("Dashboard")))

    def test_ob_09_a_dead_letter_queue_that_nobody_watches(self):
        def change(resources):
            for resource in resources.values():
                if resource["Properties"].get("MetricName") == "ApproximateNumberOfMessagesVisible":
                    resource["Properties"]["Dimensions"] = []
        self.assertIn("no alarm on its depth", self.faults(change))

    def test_sc_04_what_is_not_encrypted(self):
        for name, resource in TEMPLATE["Resources"].items():
            for key in ("SSESpecification", "SqsManagedSseEnabled", "KmsMasterKeyId", "BucketEncryption"):
                if key in resource.get("Properties", {}) and resource["Type"] != "AWS::KMS::Key":
                    fault = self.faults(lambda r: r[name]["Properties"].pop(key))
                    self.assertIn(f"{name}: not encrypted", fault)

    def test_sc_05_op_08_a_secret_in_the_environment(self):
        def change(resources):
            variables = resources["AuthApi"]["Properties"]["Environment"]["Variables"]
            variables["CLIENT_SECRET"] = "x"
        self.assertIn("fetched on first use", self.faults(change))

    def test_op_11_a_parameter_that_nobody_explains(self):
        template = copy.deepcopy(TEMPLATE)
        template["Parameters"]["Undocumented"] = {"Type": "String"}
        self.assertIn("parameter Undocumented", "".join(Check(template).run()))

    def test_xc_09_a_statement_for_every_resource(self):
        def change(resources):
            policy = resources["EventsApiRole"]["Properties"]["Policies"][0]
            policy["PolicyDocument"]["Statement"][0]["Resource"] = "*"
        self.assertIn("a statement for every resource", self.faults(change))

    def test_a_subscription_to_what_nobody_publishes(self):
        def change(resources):
            for resource in resources.values():
                if resource["Type"] == "AWS::SNS::Subscription" and "FilterPolicy" in resource["Properties"]:
                    resource["Properties"]["FilterPolicy"]["type"] = ["event.misspelt"]
        self.assertIn("no contract for event.misspelt", self.faults(change))


if __name__ == "__main__":
    unittest.main()
