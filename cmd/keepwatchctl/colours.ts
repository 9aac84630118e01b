import picocolors from 'picocolors';

/** The colours used; all of them do nothing when the output is no terminal or NO_COLOR is set. */
export type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours for an output. */
export const coloursFor = (output: { readonly isTTY?: boolean }): Colours =>
  picocolors.createColors(output.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb');
