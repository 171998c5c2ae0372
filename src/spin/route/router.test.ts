import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Router } from "./router.ts";

function check(title: string, routes: readonly string[], expected: Readonly<Record<string, string | undefined>>): void {
  test(title, () => {
    for (const inOrder of [routes, routes.toReversed()]) {
      const router = new Router(
        "/",
        inOrder.map((route) => ({ route, target: route })),
      );
      for (const [path, route] of Object.entries(expected)) assert.equal(router.match(path)?.target, route, path);
    }
  });
}

// The cases of Spin's own tests.
check("exact routes", ["/foo", "/foo/bar"], {
  "/foo": "/foo",
  "/foo/": "/foo",
  "/foo/bar": "/foo/bar",
  "/foo/baz": undefined,
  "/": undefined,
});
check("a wildcard takes all", ["/..."], { "/foo/bar": "/...", "/abc/": "/...", "/": "/...", "": "/..." });
check("the longest wildcard wins", ["/one/...", "/one/two/...", "/one/two/three/..."], {
  "/one/two/three/four": "/one/two/three/...",
  "/one/two/three": "/one/two/three/...",
  "/one/two": "/one/two/...",
  "/one/x": "/one/...",
  "/two": undefined,
});
check("exact beats wildcard", ["/one", "/..."], { "/one": "/one", "/two": "/..." });
check("exact beats named beats wildcard", ["/users/me", "/users/:id", "/users/..."], {
  "/users/me": "/users/me",
  "/users/7": "/users/:id",
  "/users/7/x": "/users/...",
  "/users": "/users/...",
});
check("what goes on with a name is no longer than what is exact", ["/a/:b/c", "/a/b/..."], {
  "/a/b/c": "/a/b/...",
  "/a/x/c": "/a/:b/c",
});
check("the root", ["/", "/whee/*"], { "/": "/", "/whee": "/whee/*", "/whee/x": "/whee/*", "/x": undefined });
check("letters are not changed", ["/Foo"], { "/foo": undefined, "/F%6Fo": undefined });

function checkMatch(route: string, path: string, expected: object): void {
  test(`${path} on ${route}`, () => {
    const { target: _target, ...match } = new Router("/base/", [{ route, target: 1 }]).match(path) ?? {};
    assert.deepEqual(match, expected);
  });
}

checkMatch("/foo/...", "/base/foo", { rawRoute: "/foo/...", basedRoute: "/base/foo/...", rest: "", named: [] });
checkMatch("/foo/...", "/base/foo/", { rawRoute: "/foo/...", basedRoute: "/base/foo/...", rest: "/", named: [] });
checkMatch("foo/...", "/base/foo/a/b/", { rawRoute: "foo/...", basedRoute: "/base/foo/...", rest: "/a/b/", named: [] });
checkMatch("/:a/x/:b", "/base/1/x/2", {
  rawRoute: "/:a/x/:b",
  basedRoute: "/base/:a/x/:b",
  rest: "",
  named: [
    ["a", "1"],
    ["b", "2"],
  ],
});

test("of the same route twice, the last counts", () => {
  const router = new Router("/", [
    { route: "/a", target: 1 },
    { route: "/a", target: 2 },
  ]);
  assert.equal(router.match("/a")?.target, 2);
});

test("a path that is written as an exact route is found by it, whatever else there is", () => {
  const word = fc.constantFrom("a", "b", "c");
  const path = fc.array(word, { maxLength: 4 }).map((words) => `/${words.join("/")}`);
  const wild = path.map((text) => `${text === "/" ? "" : text}/...`);
  fc.assert(
    fc.property(fc.array(path, { minLength: 1 }), fc.array(wild), (exact, others) => {
      const router = new Router(
        "/",
        [...exact, ...others].map((route) => ({ route, target: route })),
      );
      for (const route of exact) assert.equal(router.match(route)?.target, route);
    }),
  );
});
