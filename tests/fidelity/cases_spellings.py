"""F2: every way of writing a request down that a second writer would not keep."""

from __future__ import annotations

from tests.fidelity.case import Case
from tests.fidelity.messages import encoded, message, user

# Bodies that a reader who parses and writes again would not give back as they were.
_SPELLINGS: tuple[tuple[str, str, bytes], ...] = (
    (
        "201",
        "white space everywhere",
        b' {\r\n\t"model" :\t"@MODEL@" ,"max_tokens": 9,\n "messages" : '
        b'[ { "role":"user" , "content" :"Hi." } ] } \n',
    ),
    (
        "202",
        "model last",
        b'{"messages":[{"role":"user","content":"Hi."}],"max_tokens":9,'
        b'"model":"@MODEL@"}',
    ),
    (
        "203",
        "escapes and raw characters of one text",
        b'{"model":"@MODEL@","max_tokens":9,"messages":[{"role":"user","content":'
        b'"\\u00e9\xc3\xa9 \\ud83d\\ude00\xf0\x9f\x98\x80 \\/ \\u0041"}]}',
    ),
    (
        "204",
        "numbers as written: 1e2, 1.50, -0, 2^70",
        b'{"model":"@MODEL@","max_tokens":100,"temperature":1.0e0,"n":[1e2,1.50,-0,'
        b'1180591620717411303424,0.1000000000000000055],"messages":[{"role":"user",'
        b'"content":"Hi."}]}',
    ),
    (
        "205",
        "model named inside other values too",
        b'{"metadata":{"user_id":"u","model":"inner"},"model":"@MODEL@","max_tokens":9'
        b',"messages":[{"role":"user","content":"\\"model\\":\\"other\\""}],'
        b'"x":{"model":"later"}}',
    ),
    (
        "206",
        "keys twice in a nested object",
        b'{"model":"@MODEL@","max_tokens":9,"messages":[{"role":"user","content":"Hi."}'
        b'],"metadata":{"user_id":"a","user_id":"b"}}',
    ),
    (
        "207",
        "null values",
        b'{"model":"@MODEL@","max_tokens":9,"system":null,"stop_sequences":null,'
        b'"messages":[{"role":"user","content":"Hi."}]}',
    ),
    (
        "208",
        "control characters and empty keys",
        b'{"":0,"model":"@MODEL@","max_tokens":9,"messages":[{"role":"user","content":'
        b'"a\\u0000b\\u2028c"}]}',
    ),
)

SPELLED = tuple(
    Case(
        id=f"F{number}",
        what=f"body: {what}",
        source="byte for byte",
        answer=message(),
        body=body,
    )
    for number, what, body in _SPELLINGS
)

LONG = Case(
    id="F209",
    what="body: a megabyte",
    source="byte for byte",
    answer=message(),
    body=encoded(
        {
            "model": "@MODEL@",
            "max_tokens": 9,
            "messages": [user("Read this: " + "lorem ipsum " * 90_000)],
        }
    ),
)

CASES = (*SPELLED, LONG)
