export interface JUnitCase {
  readonly name: string;
  /** Seconds. */
  readonly time: number;
  /** What differed; absent when the case passed. */
  readonly failure?: string;
}

/** JUnit XML of one suite, as CI servers read it. */
export function junitXml(suite: string, cases: readonly JUnitCase[]): string {
  const failures = cases.filter((each) => each.failure !== undefined).length;
  const time = cases.reduce((sum, each) => sum + each.time, 0).toFixed(3);
  const lines = cases.map((each) => {
    const head = `  <testcase classname="${escapeXml(suite)}" name="${escapeXml(each.name)}" time="${each.time.toFixed(3)}"`;
    return each.failure === undefined
      ? `${head}/>`
      : `${head}><failure message="${escapeXml(each.failure)}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escapeXml(suite)}" tests="${cases.length}" failures="${failures}" time="${time}">`,
    ...lines,
    '</testsuite>',
    '',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"\n]/g, (character) => entities[character]!);
}
