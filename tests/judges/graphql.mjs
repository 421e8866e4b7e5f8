// Judges GraphQL by GitHub's published schema.
//
//   node graphql.mjs [--sdl TWIN.graphql] [OPERATIONS.jsonl | FILE.graphql | FOLDER]…
//
// Operations ({"query": …} a line, or files) must validate; the SDL must be a subset: every type, field,
// argument, input field, enum value and default that it has exists in GitHub's with the same type.
// Modules are found from NODE_PATH, or from node_modules beside this file. Exits 1 and names the place.
import { createRequire } from "node:module";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const graphql = require("graphql");
// The package exports its schema to import() only, which doesn't look into NODE_PATH: the file is found by hand.
const published = require.resolve
  .paths("@octokit/graphql-schema")
  .map((folder) => join(folder, "@octokit/graphql-schema/schema.graphql"))
  .find((file) => existsSync(file));
if (!published) throw new Error("@octokit/graphql-schema is not installed");
const text = readFileSync(published, "utf8");
// The published file defines a field twice here and there; it is GitHub's, so it is taken as it is.
let github = graphql.buildSchema(text, { assumeValidSDL: true });

/// What GitHub's schema has had since the package was last published, each with the day of GitHub's changelog.
const ADDITIONS = {
  // 2025-07-30: dependencies between issues.
  "Issue.blockedBy": "(after: String, before: String, first: Int, last: Int): IssueConnection!",
};
for (const [place, signature] of Object.entries(ADDITIONS)) {
  const [type, field] = place.split(".");
  if (github.getType(type).getFields()[field]) continue;
  const addition = graphql.parse(`extend type ${type} { ${field}${signature} }`);
  github = graphql.extendSchema(github, addition, { assumeValidSDL: true });
}

const problems = [];

/// Operations in a file: JSON lines or a GraphQL document.
function operations(path) {
  if (statSync(path).isDirectory()) return readdirSync(path).sort().flatMap((name) => operations(join(path, name)));
  const content = readFileSync(path, "utf8");
  if (!path.endsWith(".jsonl")) return path.endsWith(".graphql") ? [{ place: path, query: content }] : [];
  return content.split("\n").flatMap((line, index) => {
    if (!line.trim()) return [];
    const { query, status } = JSON.parse(line);
    return status === 501 ? [] : [{ place: `${path}:${index + 1}`, query }];
  });
}

/// Names of fields, arguments and so on that one side has.
function compareArguments(place, ours, theirs) {
  for (const argument of ours) {
    const other = theirs.find((one) => one.name === argument.name);
    if (!other) problems.push(`${place}(${argument.name}): GitHub has no such argument`);
    else if (String(other.type) !== String(argument.type)) {
      problems.push(`${place}(${argument.name}): ${argument.type} here, ${other.type} at GitHub`);
    }
  }
  for (const other of theirs) {
    if (graphql.isRequiredArgument(other) && !ours.some((one) => one.name === other.name)) {
      problems.push(`${place}: GitHub requires the argument ${other.name}`);
    }
  }
}

function compareFields(name, ours, theirs) {
  for (const field of Object.values(ours.getFields())) {
    const place = `${name}.${field.name}`;
    const other = theirs.getFields()[field.name];
    if (!other) {
      problems.push(`${place}: GitHub has no such field`);
      continue;
    }
    if (String(other.type) !== String(field.type)) problems.push(`${place}: ${field.type} here, ${other.type} at GitHub`);
    if (field.args) compareArguments(place, field.args, other.args);
  }
}

function subset(path) {
  const twin = graphql.buildSchema(readFileSync(path, "utf8"));
  const roots = ["getQueryType", "getMutationType"];
  for (const root of roots) {
    if (twin[root]() && twin[root]().name !== github[root]()?.name) problems.push(`${root}: not GitHub's name`);
  }
  let types = 0;
  for (const type of Object.values(twin.getTypeMap())) {
    if (type.name.startsWith("__") || graphql.isSpecifiedScalarType(type)) continue;
    types += 1;
    const other = github.getType(type.name);
    if (!other) problems.push(`${type.name}: GitHub has no such type`);
    else if (other.constructor !== type.constructor) problems.push(`${type.name}: another kind of type at GitHub`);
    else if (type.getFields) compareFields(type.name, type, other);
    else if (type.getValues) {
      for (const value of type.getValues()) {
        if (!other.getValue(value.name)) problems.push(`${type.name}.${value.name}: GitHub has no such value`);
      }
    }
    for (const face of type.getInterfaces?.() ?? []) {
      if (other?.getInterfaces && !other.getInterfaces().some((one) => one.name === face.name)) {
        problems.push(`${type.name}: is no ${face.name} at GitHub`);
      }
    }
  }
  return types;
}

const files = process.argv.slice(2);
const at = files.indexOf("--sdl");
let types = 0;
if (at >= 0) types = subset(files.splice(at, 2)[1]);
const list = files.flatMap(operations);
for (const { place, query } of list) {
  let errors;
  try {
    errors = graphql.validate(github, graphql.parse(query));
  } catch (error) {
    errors = [error];
  }
  for (const error of errors) {
    const where = error.locations?.[0];
    problems.push(`${place}${where ? ` (${where.line}:${where.column})` : ""}: ${error.message}`);
  }
}
for (const problem of problems) console.error(problem);
if (types + list.length === 0) {
  console.error("nothing to judge");
  process.exit(1);
}
console.log(`${types} types, ${list.length} operations, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
