// Validates recorded REST replies against GitHub's OpenAPI description.
//
//   node openapi.mjs RECORDING.jsonl…
//
// Each line is {"method", "path", "status", "body"}; the path may carry a base (/api/v3) and a query.
// Modules are found from NODE_PATH, or from node_modules beside this file. Exits 1 and names the place of
// everything that doesn't fit: a reply to an operation or with a status that the description doesn't have,
// or a body that isn't what it says.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const { default: Ajv } = require("ajv");
const { default: addFormats } = require("ajv-formats");
const description = require("@octokit/openapi/generated/api.github.com.json");
// Audit logs are described for Enterprise Cloud only.
const enterprise = require("@octokit/openapi/generated/ghec.json");

/// OpenAPI 3.0 says "nullable"; JSON Schema says it with a type. References are made absolute.
function toJsonSchema(node, root) {
  if (Array.isArray(node)) return node.map((item) => toJsonSchema(item, root));
  if (node === null || typeof node !== "object") return node;
  const out = {};
  for (const [key, value] of Object.entries(node)) {
    if (["nullable", "example", "examples", "discriminator", "xml", "externalDocs", "deprecated"].includes(key)) {
      // A property may have such a name, then its value is a schema.
      if (value !== null && typeof value === "object" && !Array.isArray(value) && ("type" in value || "$ref" in value)) {
        out[key] = toJsonSchema(value, root);
      }
      continue;
    }
    out[key] = key === "$ref" && typeof value === "string" ? `${root}${value}` : toJsonSchema(value, root);
  }
  if (node.nullable === true) {
    if (Array.isArray(out.enum) && !out.enum.includes(null)) out.enum = [...out.enum, null];
    return { anyOf: [out, { type: "null" }] };
  }
  return out;
}

function judge(document, root) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true, logger: false });
  addFormats(ajv);
  ajv.addFormat("uri", /^[a-z][a-z0-9+.-]*:\S+$/i); // GitHub's addresses are templates: {/sha}
  ajv.addFormat("timestamp", true);
  ajv.addSchema({ $id: root, components: toJsonSchema(document.components, root) });
  const routes = Object.entries(document.paths).map(([pattern, operations]) => {
    const parts = pattern.split("/").slice(1);
    // `{path}` of contents, `{ref}` of refs and branches, `{basehead}`: may hold slashes.
    const deep = /\/(contents\/\{path\}|git\/(ref|refs|matching-refs)\/\{ref\}|branches\/\{branch\}|commits\/\{ref\})$/.test(pattern);
    const expression = parts
      .map((part, index) => {
        if (!part.startsWith("{")) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
        return deep && index === parts.length - 1 ? ".*" : "[^/]+";
      })
      .join("/");
    const fixed = parts.filter((part) => !part.startsWith("{")).length;
    return { pattern, operations, test: new RegExp(`^/${expression}$`), fixed, deep };
  });
  // The most literal pattern wins, as in GitHub's router.
  routes.sort((a, b) => a.deep - b.deep || b.fixed - a.fixed);
  return { ajv, document, routes };
}

const judges = [judge(description, "github"), judge(enterprise, "enterprise")];
const resolve = (document, node) =>
  node?.$ref ? node.$ref.slice(2).split("/").reduce((at, key) => at[key], document) : node;

/// Where the description contradicts itself, what it says elsewhere about the same thing. Each with its reason.
const CORRECTIONS = {
  // Asks `account` to be a user *and* an enterprise (allOf), which nothing is; `installation` says anyOf.
  "GET /app/installations 200": { type: "array", items: { $ref: "#/components/schemas/installation" } },
};

const validators = new Map();
function validator(judge, root, key, schema) {
  if (!validators.has(key)) validators.set(key, judge.ajv.compile(toJsonSchema(schema, root)));
  return validators.get(key);
}

/// What is wrong with one reply.
function check({ method, path, status, body }) {
  const plain = path.split("?")[0].replace(/^\/api\/v3(?=\/|$)/, "").replace(/(.)\/$/, "$1") || "/";
  const aliased = plain.replace(/^\/repositories\/\d+/, "/repos/o/r").replace(/^\/organizations\/\d+/, "/orgs/o");
  for (const [index, judge] of judges.entries()) {
    const route = judge.routes.find((one) => one.test.test(aliased) && one.operations[method.toLowerCase()]);
    if (!route) continue;
    const operation = route.operations[method.toLowerCase()];
    // What any operation may answer, whether it is described or not.
    if ([401, 403, 404, 429].includes(status) && !operation.responses[status]) {
      return typeof body?.message === "string" ? [] : [`${route.pattern}: an error without a message`];
    }
    const response = resolve(judge.document, operation.responses[status]);
    if (!response) {
      // Documented in prose only: renames, read-only repositories, conflicts, validation.
      const prose = [301, 307, 304, 409, 405, 410, 422];
      return prose.includes(status) ? [] : [`${route.pattern}: status ${status} is not described`];
    }
    const schema = response.content?.["application/json"]?.schema;
    if (!schema) return status === 204 && body ? [`${route.pattern}: a body where there is none`] : [];
    if (body === null) return []; // not JSON: asked for with another media type
    const root = ["github", "enterprise"][index];
    const place = `${method} ${route.pattern} ${status}`;
    const validate = validator(judge, root, `${root} ${place}`, CORRECTIONS[place] ?? schema);
    if (validate(body)) return [];
    const seen = new Set();
    return validate.errors
      .filter((error) => !["anyOf", "oneOf", "if"].includes(error.keyword))
      .map((error) => `${route.pattern}${error.instancePath}: ${error.message}${error.params?.allowedValues ? ` ${error.params.allowedValues}` : ""}`)
      .filter((text) => !seen.has(text) && seen.add(text))
      .slice(0, 12);
  }
  return [`${method} ${aliased}: no such operation`];
}

let replies = 0;
let wrong = 0;
const operations = new Set();
for (const file of process.argv.slice(2)) {
  for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
    if (!line.trim()) continue;
    const reply = JSON.parse(line);
    if (reply.status === 501) continue; // not GitHub's: the twin says that it doesn't know
    replies += 1;
    operations.add(`${reply.method} ${reply.path.split("?")[0].replace(/\d+|[0-9a-f]{40}/g, "N")} ${reply.status}`);
    const problems = check(reply);
    if (problems.length) {
      wrong += 1;
      console.error(`${file}:${index + 1}: ${reply.method} ${reply.path} ${reply.status}`);
      for (const problem of problems) console.error(`    ${problem}`);
    }
  }
}
if (replies === 0) {
  console.error("no replies to judge");
  process.exit(1);
}
console.log(`${replies} replies of ${operations.size} kinds, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
