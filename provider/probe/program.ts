import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentTask } from "../../network/probe/messages.ts";

const directory = join(import.meta.dirname, "agent");

/** Modules of the agent; each comes after the modules that it imports. */
const MODULES = [
    "__init__",
    "tcp",
    "names",
    "tls",
    "exchange",
    "registry",
    "stream",
    "rounds",
    "facts",
    "neighbours",
    "mirrors",
    "ownpull",
    "runtimelog",
    "pulls",
    "bracket",
    "flows",
    "upload",
    "download",
    "pathmtu",
    "main",
];

/** Exit code of the loader when the host's Python is too old. */
export const PYTHON_TOO_OLD = 97;

/** Reads the modules and the task from the first line of standard input and runs them. Writes nothing to the host. */
const LOADER = `
import json, sys, types
if sys.version_info < (3, 9):
    sys.stderr.write(sys.version.split()[0])
    sys.exit(${PYTHON_TOO_OLD})
sent = json.loads(sys.stdin.buffer.readline())
for name, source in sent["modules"]:
    module = sys.modules[name] = types.ModuleType(name)
    package, _, short = name.rpartition(".")
    if package:
        setattr(sys.modules[package], short, module)
    exec(compile(source, name + ".py", "exec"), module.__dict__)
sys.modules["agent.main"].main(sent["task"])
`;

/** The shell command that starts the agent, which reads its task from standard input. */
export const AGENT_COMMAND = `exec python3 -c '${LOADER}'`;

/** Standard input for the command: the agent's modules and the task, as one line of JSON. */
export function agentInput(task: AgentTask): string {
    const modules = MODULES.map(name => [
        name === "__init__" ? "agent" : `agent.${name}`,
        readFileSync(join(directory, `${name}.py`), "utf8"),
    ]);
    return `${JSON.stringify({ modules, task })}\n`;
}
