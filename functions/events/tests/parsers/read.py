"""Reads a calendar from standard input with PyPI icalendar; prints what it
understood as JSON. Fails for anything that the library finds wrong."""

import json
import sys

import icalendar

calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
events = []
for event in calendar.walk("VEVENT"):
    if event.errors:
        sys.exit(f"{event['UID']}: {event.errors}")
    place = event.get("GEO")
    events.append(
        {
            "uid": str(event["UID"]),
            "sequence": int(event["SEQUENCE"]),
            "start": event.decoded("DTSTART").strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end": event.decoded("DTEND").strftime("%Y-%m-%dT%H:%M:%SZ"),
            "zone": str(event.decoded("DTSTART").tzinfo),
            "summary": str(event["SUMMARY"]),
            "description": str(event.get("DESCRIPTION", "")),
            "location": str(event.get("LOCATION", "")),
            "geo": [place.latitude, place.longitude] if place else None,
            "status": str(event["STATUS"]) if "STATUS" in event else None,
            "categories": [str(c) for c in event["CATEGORIES"].cats] if "CATEGORIES" in event else [],
        }
    )
print(json.dumps({"method": str(calendar["METHOD"]), "events": events}))
