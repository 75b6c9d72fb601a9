import static dev.tandem.cuda.Kernel.*;

import dev.tandem.cuda.Kernel;
import dev.tandem.op.Sequence;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.List;

/** Causal attention of sequences of 1024, a head at scale 1, and its gradients. */
final class KernelAttentionCases extends KernelCases {
  private static final int POSITIONS = 1024;
  private static final int BATCHES = 8;

  KernelAttentionCases(int scale, List<KernelCase> cases) {
    super(scale, cases);
    of(
        DType.F32,
        64,
        List.of(ATTENTION_F32, ATTENTION_GRAD_QUERIES_F32, ATTENTION_GRAD_KEYS_F32));
    of(
        DType.BF16,
        32,
        List.of(
            ATTENTION_32_BF16, ATTENTION_GRAD_QUERIES_32_BF16, ATTENTION_GRAD_KEYS_32_BF16));
    of(
        DType.BF16,
        64,
        List.of(
            ATTENTION_64_BF16, ATTENTION_GRAD_QUERIES_64_BF16, ATTENTION_GRAD_KEYS_64_BF16));
    of(
        DType.BF16,
        128,
        List.of(
            ATTENTION_128_BF16, ATTENTION_GRAD_QUERIES_128_BF16, ATTENTION_GRAD_KEYS_128_BF16));
    of(
        DType.F16,
        32,
        List.of(ATTENTION_32_F16, ATTENTION_GRAD_QUERIES_32_F16, ATTENTION_GRAD_KEYS_32_F16));
    of(
        DType.F16,
        64,
        List.of(ATTENTION_64_F16, ATTENTION_GRAD_QUERIES_64_F16, ATTENTION_GRAD_KEYS_64_F16));
    of(
        DType.F16,
        128,
        List.of(
            ATTENTION_128_F16, ATTENTION_GRAD_QUERIES_128_F16, ATTENTION_GRAD_KEYS_128_F16));
  }

  /** Kernels: forward, of queries, of keys. */
  private void of(DType dtype, int columns, List<Kernel> kernels) {
    int batches = Math.min(scale, BATCHES);
    int heads = scale / batches;
    double scores = 1 / Math.sqrt(columns);
    TensorType qkv = of(dtype, batches, POSITIONS, 3 * heads * columns);
    TensorType y = of(dtype, batches, POSITIONS, heads * columns);
    TensorType lse = f32(batches, heads, POSITIONS);
    String name = dtype + " attention, heads of " + columns;
    int bytes = dtype.bytes();
    // Half of all scores are not seen. Each that is takes part in two products forward, in five backward.
    double flops = 2.0 * y.elements() * POSITIONS / 2;
    add(name, new Sequence.PackedAttention(heads, heads, true, scores), qkv)
        .size("L", lse.elements())
        .flops(2 * flops)
        .part(kernels.get(0), "attention by tiles, scores in registers", 4 * bytes + " n + 4 L");
    add(
            name + ", grad",
            new Sequence.PackedAttentionGrad(heads, heads, true, scores),
            qkv,
            y,
            lse,
            y)
        .size("n", y.elements())
        .size("L", lse.elements())
        .flops(5 * flops)
        .part(
            kernels.get(1),
            "sums of y dy, and gradients of queries, keys going by",
            6 * bytes + " n + 8 L")
        .part(
            kernels.get(2),
            "gradients of keys and values, queries going by",
            6 * bytes + " n + 8 L");
  }
}
