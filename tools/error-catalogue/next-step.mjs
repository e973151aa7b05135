// Where a message says what to do next: the part from its first imperative (or question) on. Messages without one are listed in `exempt.json`, each with the reason.
const VERBS = [
  ...[
    'add',
    'ask',
    'await',
    'begin',
    'break',
    'bring',
    'build',
    'bundle',
    'call',
    'check',
    'choose',
    'collect',
    'compute',
    'correct',
    'create',
    'declare',
    'drop',
  ],
  ...[
    'emit',
    'enable',
    'escape',
    'fetch',
    'filter',
    'free',
    'give',
    'import',
    'include',
    'install',
    'join',
    'keep',
    'leave',
    'let',
    'list',
    'look',
    'lower',
    'make',
  ],
  ...[
    'merge',
    'move',
    'name',
    'put',
    'raise',
    'read',
    'register',
    'remove',
    'rename',
    'repeat',
    'report',
    'restore',
    'return',
    'round',
    'run',
    'see',
    'send',
    'set',
  ],
  ...[
    'shorten',
    'split',
    'spread',
    'start',
    'store',
    'submit',
    'take',
    'turn',
    'unite',
    'use',
    'wait',
    'write',
    'yield',
    'close',
    'convert',
    'wrap',
    'upgrade',
    'do not',
    'say',
    'widen',
    'swap',
    'clear',
    'accept',
    'count',
    'change',
    'increase',
    'fix',
    'pass',
    'produce',
    'sort',
    'type',
  ],
];
/** Behind the end of a sentence, a colon, a semicolon or a dash; with what may come before the verb. */
const STEP = new RegExp(
  String.raw`(?<=[.;:!?)\]}] |: |\[ ?)(?:(?:Otherwise|To \w+ (?:it|that|them|this)|If [^,.]+|For [^,.]+|Where [^,.]+|please),? )?(?:${VERBS.join('|')})\b(?! of\b)`,
  'i',
);
const QUESTION = /(?<=[.;:!)\]}] |\[ ?)(?:Is|Are|Was|Were|Does|Do|Did|Has|Have)\b[^?]*\?/;
/** Where what was wanted is to be had: `asynchronous ones go to AsyncDataStream`. */
const ELSEWHERE = /(?<=[.;] |\[)[A-Za-z ]+ (?:go to|come from) [^.]+/;
/** Somebody else's message follows, which has its own next step. */
const PASSED_ON =
  /\{(?:message|cause|failure|text|reason|why|what|difference|issues|obstacle|refusal|allowed|lines|advice|hint|seen|report|INSTEAD)\}[).\]]*$/;

/** @returns {{what: string, next: string | undefined}} */
export function splitNextStep(text) {
  const found = [STEP.exec(text), QUESTION.exec(text), ELSEWHERE.exec(text)]
    .filter((match) => match !== null && match.index > 0)
    .map((match) => match.index);
  const index = Math.min(...found);
  if (Number.isFinite(index)) return { what: text.slice(0, index).trimEnd(), next: text.slice(index) };
  return { what: text, next: PASSED_ON.test(text) ? '(as what is passed on says)' : undefined };
}
