// Reads a calendar from standard input with npm ical.js; prints what it
// understood as JSON. The folder that holds node_modules is the first argument.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const loaded = await import(pathToFileURL(require.resolve("ical.js")));
const ICAL = loaded.default;
ICAL.design.strict = true;

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  const categories = component.getFirstProperty("categories");
  return {
    uid: event.uid,
    sequence: event.sequence,
    start: event.startDate.toString(),
    end: event.endDate.toString(),
    zone: event.startDate.zone.tzid,
    summary: event.summary,
    description: event.description ?? "",
    location: event.location ?? "",
    geo: component.getFirstPropertyValue("geo"),
    status: component.getFirstPropertyValue("status"),
    categories: categories ? categories.getValues() : [],
  };
});
const method = calendar.getFirstPropertyValue("method");
console.log(JSON.stringify({ method, events }));
