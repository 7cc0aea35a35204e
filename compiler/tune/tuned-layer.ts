/** What `nanoc tune` found out about one layer. */
export interface TunedLayer {
  /** ONNX name of the layer's first output: unlike node names, it is unique. */
  readonly output: string;
  /** The kernel that runs it: `function` of an entry in the operator's list. */
  readonly kernel: string;
  /** Instructions of each kernel that fitted, mean of an inference, in the order of the list. */
  readonly candidates: readonly { readonly kernel: string; readonly instructions: number }[];
}
