/** Widest text that is comfortable to read. */
const COMFORTABLE = 100;

/** Markdown paragraphs filled to the width of the terminal; lists, tables and code keep their lines. */
export function fillParagraphs(markdown: string, width: number): string {
  const limit = Math.min(width, COMFORTABLE);
  return markdown
    .split('\n\n')
    .map((block) => (/^([-*|>#`]|\d+\.| {4})/.test(block) ? block : fill(block, limit)))
    .join('\n\n');
}

function fill(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
