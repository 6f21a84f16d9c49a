"""The shadow service as AWS's SDK for Python sees it: data_plane.py ENDPOINT THING UNKNOWN_THING FOREIGN_THING

The pair of keys comes from the environment. Each case has a named shadow of its own; the classic shadow belongs to the first one.
"""
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, thing, unknown, foreign = sys.argv[1:]
client = boto3.client("iot-data", endpoint_url=endpoint, region_name="eu-central-1", config=Config(retries={"total_max_attempts": 1}))


def update(document, shadow=None, thing=thing):
    payload = document if isinstance(document, (bytes, str)) else json.dumps(document)
    names = {"shadowName": shadow} if shadow else {}
    return json.loads(client.update_thing_shadow(thingName=thing, payload=payload, **names)["payload"].read())


def get(shadow=None, thing=thing):
    names = {"shadowName": shadow} if shadow else {}
    return json.loads(client.get_thing_shadow(thingName=thing, **names)["payload"].read())


def refused(code, status, action):
    try:
        action()
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"not refused with {code}")


def classic():
    refused("ResourceNotFoundException", 404, get)
    answer = update({"state": {"desired": {"led": "on"}}, "clientToken": "t"})
    assert answer["state"] == {"desired": {"led": "on"}} and answer["version"] == 1 and answer["clientToken"] == "t", answer
    assert answer["metadata"]["desired"]["led"]["timestamp"] == answer["timestamp"], answer
    assert get()["state"] == {"desired": {"led": "on"}, "delta": {"led": "on"}}
    answer = update({"state": {"reported": {"led": "on"}}})
    assert answer["state"] == {"reported": {"led": "on"}} and answer["version"] == 2
    assert get()["state"] == {"desired": {"led": "on"}, "reported": {"led": "on"}}
    message = refused("ConflictException", 409, lambda: update({"state": {"desired": {"led": "off"}}, "version": 1}))
    assert message == "Version conflict", message
    assert update({"state": {"desired": {"led": "off"}}, "version": 2})["version"] == 3
    gone = json.loads(client.delete_thing_shadow(thingName=thing)["payload"].read())
    assert gone["version"] == 3, gone
    refused("ResourceNotFoundException", 404, get)
    refused("ResourceNotFoundException", 404, lambda: client.delete_thing_shadow(thingName=thing))
    assert update({"state": {"reported": {"led": "on"}}})["version"] == 4, "versions go on after a deletion"


def named():
    for name in ["one", "two", "three"]:
        update({"state": {"reported": {"name": name}}}, name)
        assert get(name)["state"]["reported"] == {"name": name}
    listed = client.list_named_shadows_for_thing(thingName=thing)
    assert listed["results"] == ["one", "three", "two"] and "nextToken" not in listed, listed
    first = client.list_named_shadows_for_thing(thingName=thing, pageSize=2)
    assert first["results"] == ["one", "three"], first
    rest = client.list_named_shadows_for_thing(thingName=thing, pageSize=2, nextToken=first["nextToken"])
    assert rest["results"] == ["two"] and "nextToken" not in rest, rest
    client.delete_thing_shadow(thingName=thing, shadowName="two")
    assert client.list_named_shadows_for_thing(thingName=thing)["results"] == ["one", "three"]
    refused("ResourceNotFoundException", 404, lambda: get("two"))
    refused("InvalidRequestException", 400, lambda: client.list_named_shadows_for_thing(thingName=thing, pageSize=101))
    refused("InvalidRequestException", 400, lambda: client.list_named_shadows_for_thing(thingName=thing, nextToken="rubbish"))


def removal():
    update({"state": {"desired": {"a": 1, "b": 2}}}, "removal")
    update({"state": {"desired": {"a": None}}}, "removal")
    assert get("removal")["state"]["desired"] == {"b": 2}
    update({"state": {"desired": {"b": None}}}, "removal")
    assert get("removal")["state"] == {}, "a part without a value is no part"


def empty():
    answer = update({"state": None}, "empty")
    assert answer["state"] is None and answer["version"] == 1, answer
    assert answer["metadata"] == {"timestamp": answer["timestamp"]}, answer
    shown = get("empty")
    assert shown["state"] == {} and shown["metadata"] == {} and shown["version"] == 1, shown
    update({"state": {"desired": {"a": "b"}}}, "empty")
    assert get("empty")["state"] == {"desired": {"a": "b"}, "delta": {"a": "b"}}
    assert update({"state": None}, "empty")["version"] == 3
    assert get("empty")["state"] == {}


# First update, what is shown then, second update, what is shown then.
DIFFERENCES = [
    ({"desired": {"on": True}}, {"desired": {"on": True}, "delta": {"on": True}}, {"reported": {"on": False}},
     {"desired": {"on": True}, "reported": {"on": False}, "delta": {"on": True}}),
    ({"desired": {"is": True}}, {"desired": {"is": True}, "delta": {"is": True}}, {"reported": {"on": False, "is": True}},
     {"desired": {"is": True}, "reported": {"on": False, "is": True}}),
    ({}, {}, {"reported": {"on": False}}, {"reported": {"on": False}}),
    ({}, {}, {"reported": {"on": None}}, {}),
    ({"desired": {}}, {}, {"reported": {"on": False}}, {"reported": {"on": False}}),
    ({"desired": {"is": True}}, {"desired": {"is": True}, "delta": {"is": True}}, {"reported": {}},
     {"desired": {"is": True}, "delta": {"is": True}}),
    ({"desired": {"is": True}}, {"desired": {"is": True}, "delta": {"is": True}}, {"reported": {"on": True}},
     {"desired": {"is": True}, "reported": {"on": True}, "delta": {"is": True}}),
    ({"reported": {"l": [1, 2]}}, {"reported": {"l": [1, 2]}}, {"desired": {"l": [1]}},
     {"desired": {"l": [1]}, "reported": {"l": [1, 2]}, "delta": {"l": [1]}}),
    ({"reported": {"l": [1, 2]}}, {"reported": {"l": [1, 2]}}, {"desired": {"l": [1, 3]}},
     {"desired": {"l": [1, 3]}, "reported": {"l": [1, 2]}, "delta": {"l": [1, 3]}}),
    ({"reported": {"l": [[1], [2]]}}, {"reported": {"l": [[1], [2]]}}, {"desired": {"l": [[1]]}},
     {"desired": {"l": [[1]]}, "reported": {"l": [[1], [2]]}, "delta": {"l": [[1]]}}),
    ({"reported": {"a": {"b": [4]}}}, {"reported": {"a": {"b": [4]}}}, {"desired": {"a": {"b": [3, 4]}}},
     {"desired": {"a": {"b": [3, 4]}}, "reported": {"a": {"b": [4]}}, "delta": {"a": {"b": [3, 4]}}}),
    ({"reported": {"a": {"b": {"c": 1, "e": 2}}}}, {"reported": {"a": {"b": {"c": 1, "e": 2}}}}, {"desired": {"a": {"b": {"c": 9}}}},
     {"desired": {"a": {"b": {"c": 9}}}, "reported": {"a": {"b": {"c": 1, "e": 2}}}, "delta": {"a": {"b": {"c": 9}}}}),
    ({"reported": {"a": {"b": {"c": 1}}}}, {"reported": {"a": {"b": {"c": 1}}}}, {"desired": {"a": {"b": {"c": 1}}, "x": {"y": 2}}},
     {"desired": {"a": {"b": {"c": 1}}, "x": {"y": 2}}, "reported": {"a": {"b": {"c": 1}}}, "delta": {"x": {"y": 2}}}),
    ({"reported": {"a": {"b": {"c": 1}}}}, {"reported": {"a": {"b": {"c": 1}}}}, {"desired": {"a": {"b": {"c": 1}, "y": 2}}},
     {"desired": {"a": {"b": {"c": 1}, "y": 2}}, "reported": {"a": {"b": {"c": 1}}}, "delta": {"a": {"y": 2}}}),
]


def differences():
    for number, (first, then, second, at_last) in enumerate(DIFFERENCES):
        # A shadow of many turns: what was before is removed.
        shadow = f"difference{number % 8}"
        update({"state": None}, shadow)
        update({"state": first}, shadow)
        assert get(shadow)["state"] == then, (number, get(shadow)["state"])
        update({"state": second}, shadow)
        assert get(shadow)["state"] == at_last, (number, get(shadow)["state"])


def objects():
    for number, (before, after) in enumerate([
        ({"a": 1, "b": {"c": 3}}, {"a": 1, "b": {"c": 3}, "d": {}}),
        ({"a": 1, "b": {"c": 3}, "d": {}}, {"a": 1, "b": {"c": {}}, "d": {}}),
        ({"a": 1, "b": {"c": 3}}, {"a": 1, "b": {"c": {"d": 3}}}),
    ]):
        update({"state": {"desired": before}}, f"objects{number}")
        update({"state": {"desired": after}}, f"objects{number}")
        state = get(f"objects{number}")["state"]
        assert state == {"desired": after, "delta": after}, (number, state)


def exact():
    update(b'{"state": {"desired": {"big": 9007199254740993, "whole": 1, "fraction": 1.0}}}', "exact")
    shown = client.get_thing_shadow(thingName=thing, shadowName="exact")["payload"].read()
    assert b'"big":9007199254740993' in shown and b'"whole":1,' in shown.replace(b"}", b","), shown
    update(b'{"state": {"reported": {"whole": 1.0, "fraction": 1.0, "big": 9007199254740993}}}', "exact")
    assert get("exact")["state"]["delta"] == {"whole": 1}, get("exact")["state"]


def refusals():
    for rubbish in [b"rubbish", b"[]", b'{"state": {"desired": {"a": NaN}}}', b'{"state": {"desired": {"a": 1, "a": 2}}}', b"{}",
                    b'{"state": 5}', b'{"state": {"desired": 5}}', b'{"state": {"wanted": {}}}', b'{"state": {}, "version": "1"}',
                    b'{"state": {}, "clientToken": "' + b"x" * 65 + b'"}', b'{"state": {"desired": {"a": 1e400}}}']:
        refused("InvalidRequestException", 400, lambda: update(rubbish, "refusals"))
    deep = {}
    for _ in range(9):
        deep = {"a": deep}
    refused("InvalidRequestException", 400, lambda: update({"state": {"desired": deep}}, "refusals"))
    refused("RequestEntityTooLargeException", 413, lambda: update({"state": {"desired": {"a": "x" * 8192}}}, "refusals"))
    refused("InvalidRequestException", 400, lambda: update({"state": {}}, "bad/name"))
    refused("ResourceNotFoundException", 404, lambda: get("refusals"))
    refused("ResourceNotFoundException", 404, lambda: get(thing=unknown))
    refused("ResourceNotFoundException", 404, lambda: update({"state": {"reported": {"a": 1}}}, thing=unknown))
    refused("ResourceNotFoundException", 404, lambda: client.list_named_shadows_for_thing(thingName=unknown))
    refused("ForbiddenException", 403, lambda: get(thing=foreign))
    refused("ForbiddenException", 403, lambda: update({"state": {"reported": {"a": 1}}}, thing=foreign))
    refused("ForbiddenException", 403, lambda: client.list_named_shadows_for_thing(thingName=foreign))
    refused("ForbiddenException", 403, lambda: update({"state": {"desired": {"command": "unlock"}}}, "command"))
    stranger = boto3.client("iot-data", endpoint_url=endpoint, region_name="eu-central-1", aws_secret_access_key="wrong",
                            aws_access_key_id=client._get_credentials().access_key, config=Config(retries={"total_max_attempts": 1}))
    refused("UnauthorizedException", 401, lambda: stranger.get_thing_shadow(thingName=thing))


for case in [classic, named, removal, empty, differences, objects, exact, refusals]:
    case()
    print(f"{case.__name__}: as it should be")
