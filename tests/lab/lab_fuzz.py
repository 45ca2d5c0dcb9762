# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests made up from an OpenAPI document: what each operation wants, nearly what it wants, and nothing like it."""
import json

JUNK = ["n1", "web", "", "x" * 300, "../..", "%00", "%2e%2e", "é", "\0", "-1", "999999999999999999999", "null", "true", "y" * 5000]
THERE = {"{node}": ["n1", "n2", "n3"], "{resource}": ["web", "vip", "site"], "{ticket}": ["T"], "{device}": ["bmc-n1", "bmc-n2"],
         "{file}": ["app.js", "style.css"], "{token}": ["0123456789abcdef"], "{job}": ["1-1"]}
HEADERS = ("If-Match", "Idempotency-Key", "Prefer", "Accept", "Content-Type", "If-None-Match", "Last-Event-ID", "Authorization", "Expect")


class Fuzz:
    def __init__(self, document, rnd, text, spare):
        """text: a configuration that is right; spare: words of paths that are asked about nobody and with nothing right."""
        self.document, self.rnd, self.text, self.spare = document, rnd, text, spare
        self.operations = [(p, m, o) for p, methods in document["paths"].items() for m, o in methods.items()]

    def junk(self, depth=0):
        k = self.rnd.randrange(8 if depth < 4 else 5)
        if k == 5:
            return [self.junk(depth + 1) for _ in range(self.rnd.randrange(4))]
        if k == 6:
            names = ["nodes", "node", "name", "roles", "revision", "scope", "days", "a"]
            return {self.rnd.choice(names): self.junk(depth + 1) for _ in range(self.rnd.randrange(4))}
        return [None, self.rnd.choice(JUNK), self.rnd.randrange(-5, 1 << 40), self.rnd.random() * 1e300, True, 0, 0,
                "x" * self.rnd.randrange(5000)][k]

    def wanted(self, schema, depth=0):
        """A value that fits a schema, at its edges where it has some."""
        rnd = self.rnd
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].split("/")[-1]]
        if "const" in schema or "enum" in schema:
            return schema.get("const", None) if "const" in schema else rnd.choice(schema["enum"])
        kind = schema.get("type")
        kind = rnd.choice(kind) if isinstance(kind, list) else kind
        if kind == "object" and depth < 5:
            must, more = schema.get("required", []), schema.get("additionalProperties")
            out = {k: self.wanted(v, depth + 1) for k, v in schema.get("properties", {}).items() if k in must or rnd.random() < .6}
            if isinstance(more, dict):
                out.update({w: self.wanted(more, depth + 1) for w in rnd.sample(THERE["{node}"], rnd.randrange(4))})
            return out
        if kind == "array" and depth < 5:
            return [self.wanted(schema.get("items", {}), depth + 1) for _ in range(rnd.randrange(4))]
        if kind == "string":
            low = schema.get("minLength", 0)
            return rnd.choice(["viewer", "operator", "n1", "web", "a" * max(low, 1), "a" * schema.get("maxLength", 64)])
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", -1), schema.get("maximum", 1 << 53)
            return rnd.choice([low, high, low + 1, rnd.randrange(low, high + 1)])
        return rnd.choice([True, False]) if kind == "boolean" else self.junk(depth)

    def nearly(self, value):
        """One thing about it is not as it should be."""
        if isinstance(value, dict) and value and self.rnd.random() < .8:
            key = self.rnd.choice(list(value))
            way = self.rnd.randrange(4)
            if way == 0:
                return {k: v for k, v in value.items() if k != key}
            if way == 1:
                return {**value, self.rnd.choice(["", "unheard-of", "x" * 2000]): self.junk()}
            return {**value, key: self.nearly(value[key])}
        if isinstance(value, list) and value and self.rnd.random() < .5:
            return value + [self.junk()]
        return self.junk()

    def document_nearly(self):
        """The configuration with a line lost, doubled, moved in, or a character changed."""
        lines = self.text.splitlines()
        for _ in range(self.rnd.randrange(1, 4)):
            i, way = self.rnd.randrange(len(lines)), self.rnd.randrange(4)
            at = self.rnd.randrange(len(lines[i]) + 1)
            lines[i] = [lines[i] + "\n" + lines[i], "  " + lines[i], lines[i][:at] + self.rnd.choice("{}[]:&*!|>'\"%@`,#-\t") + lines[i][at:], ""][way]
        return "\n".join(lines)

    def body(self, o, spare):
        content = o.get("requestBody", {}).get("content", {})
        if not content:
            return json.dumps(self.junk()) if self.rnd.random() < .1 else None
        if "application/yaml" in content:
            return self.document_nearly() if self.rnd.random() < .7 else json.dumps(self.junk())
        value = self.wanted(content["application/json"]["schema"])
        way = self.rnd.random()
        if spare or way < .4:
            value = self.nearly(value) if way < .8 else self.junk()
        elif way < .5:
            value = self.junk()
        text = json.dumps(value)
        return text[: self.rnd.randrange(len(text))] if spare or self.rnd.random() < .1 else text

    def request(self):
        """method, path with query, body, headers"""
        rnd = self.rnd
        path, method, o = rnd.choice(self.operations)
        spare = any(w in path for w in self.spare)
        for word, names in THERE.items():
            if word in path:
                path = path.replace(word, rnd.choice(["nobody", "n9"] if spare else names if rnd.random() < .6 else [w for w in JUNK if w.isascii() and w.isprintable()]))
        query = [f"{p['name']}={rnd.choice(['1', '-1', 'text', '99999999999999999999', '%ff', '%00', ''])}" for p in o.get("parameters", [])
                 if p["in"] == "query" and p["name"] != "follow" and rnd.random() < .6]
        if method in ("put", "patch"):
            query = ["dryRun=1"] + [q for q in query if not q.startswith("dryRun")]
        headers = {h: rnd.choice(["", '"1"', "*", "x", "\t", "y" * 200, "application/json", "Bearer pk1_x"]) for h in HEADERS if rnd.random() < .1}
        return method.upper(), path + ("?" + "&".join(query) if query else ""), self.body(o, spare), headers
