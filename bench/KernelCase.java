import dev.tandem.cuda.Kernel;
import dev.tandem.op.Update;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** An op or update on operands of some types, and what the kernels that it launches move. */
final class KernelCase {
  /**
   * A kernel's share of the work.
   *
   * @param bytes that a launch must move at least, as a sum of products of numbers and of the case's sizes: {@code 4 n + 8 P C}.
   *     What is read counts once, what is written once, and both what is changed in place
   * @param launches how often the case launches it so
   */
  record Part(Kernel kernel, String does, String bytes, int launches) {}

  private final String name;
  private final Object work;
  private final List<TensorType> operands;
  private final int inputs;
  private final List<Part> parts = new ArrayList<>();
  private final Map<String, Long> sizes = new HashMap<>();
  private boolean partial;
  private boolean positive;
  private int bound = 256;
  private long zeroed;
  private double flops;

  /** @param work an Op, with inputs and results as operands, or an Update. @param inputs how many of the operands are no results */
  KernelCase(String name, Object work, List<TensorType> operands, int inputs) {
    this.name = name;
    this.work = work;
    this.inputs = inputs;
    this.operands = List.copyOf(operands);
  }

  KernelCase part(Kernel kernel, String does, String bytes) {
    return part(kernel, does, bytes, 1);
  }

  KernelCase part(Kernel kernel, String does, String bytes, int launches) {
    parts.add(new Part(kernel, does, bytes, launches));
    return this;
  }

  /** What a letter in the formulas stands for. */
  KernelCase size(String letter, long value) {
    sizes.put(letter, value);
    return this;
  }

  /** Its kernel does not see all of its operands, or sees others. */
  KernelCase partial() {
    partial = true;
    return this;
  }

  /** Floating-point operands are drawn from positive numbers. */
  KernelCase positive() {
    positive = true;
    return this;
  }

  /** Indices are drawn below this. */
  KernelCase below(int newBound) {
    bound = newBound;
    return this;
  }

  /** Bytes that are set to zero before the kernels run. */
  KernelCase zeroed(long bytes) {
    zeroed = bytes;
    return this;
  }

  /** Products of matrices and convolutions are measured by these. */
  KernelCase flops(double count) {
    flops = count;
    return this;
  }

  String name() {
    return name;
  }

  Object work() {
    return work;
  }

  List<TensorType> operands() {
    return operands;
  }

  int inputs() {
    return inputs;
  }

  List<Part> parts() {
    return parts;
  }

  boolean allPositive() {
    return positive;
  }

  int bound() {
    return bound;
  }

  double flops() {
    return flops;
  }

  /** Bytes of all of a part's launches. */
  long bytes(Part part) {
    return part.launches * Arrays.stream(part.bytes.split(" \\+ ")).mapToLong(this::product).sum();
  }

  private long product(String factors) {
    return Arrays.stream(factors.split(" "))
        .mapToLong(
            factor -> Character.isDigit(factor.charAt(0)) ? Long.parseLong(factor) : size(factor))
        .reduce(1, Math::multiplyExact);
  }

  private long size(String letter) {
    Long value = sizes.get(letter);
    if (value == null) {
      throw new IllegalStateException(name + ": no size " + letter + ", got " + sizes);
    }
    return value;
  }

  /** Bytes of all launches, and of what is set to zero. */
  long bytes() {
    return zeroed + parts.stream().mapToLong(this::bytes).sum();
  }

  /** @throws IllegalStateException where the formula of the only kernel is not what its operands come to */
  void check() {
    if (partial || parts.size() != 1) {
      return;
    }
    int written = work instanceof Update update ? update.written() : 0;
    long expected = 0;
    for (int i = 0; i < operands.size(); i++) {
      expected += operands.get(i).bytes() * (i < written ? 2 : 1);
    }
    if (bytes() != expected) {
      throw new IllegalStateException(
          name
              + ": the formula differs from the operands' bytes, got "
              + parts
              + " = "
              + bytes()
              + " and "
              + expected);
    }
  }
}
