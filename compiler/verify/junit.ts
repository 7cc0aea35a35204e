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
    const head = `  <testcase classname="${escape(suite)}" name="${escape(each.name)}" time="${each.time.toFixed(3)}"`;
    return each.failure === undefined ? `${head}/>` : `${head}><failure message="${escape(each.failure)}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escape(suite)}" tests="${cases.length}" failures="${failures}" time="${time}">`,
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

function escape(text: string): string {
  return text.replace(/[&<>"\n]/g, (character) => entities[character]!);
}
