import { formatInstallReport, type InstallReport } from "#api";
import { type Finding, formatDiff, type NodeAnswer } from "#installer";

/** What a person reads; a report's last line is for programs. */
export function formatAnswer(answer: NodeAnswer): string {
  switch (answer.kind) {
    case "report":
      return `${formatSentences(answer.report)}${formatInstallReport(answer.report)}\n`;
    case "plan":
      return formatPlan(answer);
    case "findings":
      return answer.findings.map((finding) => formatFinding(finding, NAME_CHARS)).join("");
    default:
      return answer satisfies never;
  }
}

function formatSentences({ outcome, distribution, message }: InstallReport): string {
  const lines = message.split("; ").map((sentence) => `  ${sentence}\n`);
  return `${outcome} (${distribution})\n${lines.join("")}`;
}

function formatPlan({ distribution, edits, notes }: Extract<NodeAnswer, { kind: "plan" }>): string {
  const diff = formatDiff(edits);
  const head = `# ${distribution}\n${notes.map((note) => `# ${note}\n`).join("")}`;
  return `${head}${diff === "" ? "# nothing to change\n" : diff}`;
}

const marks: Readonly<Record<Finding["state"], string>> = { good: "ok", bad: "BAD", unknown: "?" };

/** The longest name of a finding about a node, and a gap. */
const NAME_CHARS = 14;

/** One line; names have a column of `nameChars`. */
export function formatFinding({ name, state, message }: Finding, nameChars: number): string {
  return `${marks[state].padEnd(5)}${name.padEnd(nameChars)}${message}\n`;
}
