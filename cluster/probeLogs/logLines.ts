/** A longer line is no message of the agent: the largest one, the facts of a host, stays far below. In bytes. */
const LONGEST_LINE = 1024 * 1024;

/**
 * The lines of a log as it arrives, without their line ends, so that no more than one line is in memory. A line above
 * 1 MiB is left out.
 */
export async function* logLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
    let parts: Buffer[] = [];
    let length = 0;
    const keep = (part: Buffer) => {
        length += part.length;
        if (length > LONGEST_LINE) parts = [];
        else parts.push(part);
    };
    for await (const chunk of chunks) {
        let begin = 0;
        for (let end = chunk.indexOf("\n"); end !== -1; end = chunk.indexOf("\n", begin)) {
            keep(chunk.subarray(begin, end));
            if (length <= LONGEST_LINE) yield Buffer.concat(parts).toString();
            parts = [];
            length = 0;
            begin = end + 1;
        }
        keep(chunk.subarray(begin));
    }
    if (length > 0 && length <= LONGEST_LINE) yield Buffer.concat(parts).toString();
}
