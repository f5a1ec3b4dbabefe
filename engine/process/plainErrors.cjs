// Loaded before a program. Pulumi's SDK prints an exception with util.inspect in colours, and Node then marks package names
// in its stack: a file directly under a scope, such as node_modules/@pulumi/resource.ts, sends that marking round in a
// circle until its text is half a gigabyte long, which takes half a minute. Without colours nothing is marked.
const util = require("node:util");

const { inspect } = util;

function inspectPlainly(value, options, ...rest) {
    if (value instanceof Error && options?.colors) return inspect(value, { ...options, colors: false });
    return inspect(value, options, ...rest);
}

util.inspect = Object.assign(inspectPlainly, inspect);
