import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;

/** The cases of {@link KernelBench}: between them they launch every kernel, on shapes as training has them. */
class KernelCases {
  /** Elements of a flat tensor for each unit of scale. */
  static final int FLAT = 1 << 18;

  final int scale;
  final List<KernelCase> cases;

  /** @param scale 1 for one multiprocessor's share of the work of a card with {@link KernelBench#LARGE} */
  KernelCases(int scale, List<KernelCase> cases) {
    this.scale = scale;
    this.cases = cases;
  }

  static List<KernelCase> all(int scale) {
    List<KernelCase> cases = new ArrayList<>();
    new KernelMapCases(scale, cases);
    new KernelFoldCases(scale, cases);
    new KernelAttentionCases(scale, cases);
    new KernelTrainingCases(scale, cases);
    new KernelIndexCases(scale, cases); // ends with products, which only the large ones have
    return List.copyOf(cases);
  }

  /** An op on such inputs, n being the elements of its first result. */
  KernelCase add(String name, Op op, TensorType... inputs) {
    List<TensorType> operands = new ArrayList<>(List.of(inputs));
    List<TensorType> results = op.outputs(operands);
    operands.addAll(results);
    KernelCase added = new KernelCase(name, op, operands, inputs.length);
    cases.add(added.size("n", results.getFirst().elements()));
    return added;
  }

  static TensorType of(DType dtype, int... lengths) {
    return new TensorType(dtype, Shape.of(lengths));
  }

  static TensorType f32(int... lengths) {
    return TensorType.f32(lengths);
  }

  /** The element types that training computes in. */
  static final List<DType> NUMBERS = List.of(DType.F32, DType.BF16, DType.F16);

  /** What is said of F32 where nothing else is said. */
  static String named(String what, DType dtype) {
    return dtype == DType.F32 ? what : what + ", " + dtype;
  }

  /** A term of a formula: so many elements for each of what the letters count. */
  static String bytes(DType dtype, int elements, String letters) {
    return elements * dtype.bytes() + " " + letters;
  }

  TensorType flat(DType dtype) {
    return of(dtype, FLAT * scale);
  }

  /** As Pieces.java cuts lines: how many pieces each has. */
  static long pieces(long lines, long length, long threads, int multiple) {
    long fewest = Math.ceilDiv(length, threads * 1024);
    long most = length / (threads * 16);
    long wanted = Math.max(1, Math.max(fewest, Math.min(most, 1024 / lines)));
    return Math.ceilDiv(length, Math.ceilDiv(Math.ceilDiv(length, wanted), multiple) * multiple);
  }
}
