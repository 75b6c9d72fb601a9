package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Reduction;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Sums of each row, of each column and of all; the norm that clipping needs. */
public class ReductionBenchmark extends CallBenchmark {
  @Param({"128x512", "2048x1024"})
  public String shape;

  @Param({"rows", "columns", "all", "max_rows", "global_norm"})
  public String op;

  @Override
  Call call(Operands operands) {
    Operand x = operands.uniform(Specification.of(shape).type());
    return switch (op) {
      case "rows" -> operands.call(new Reduction.Sum(List.of(1), false), x);
      case "columns" -> operands.call(new Reduction.Sum(List.of(0), false), x);
      case "all" -> operands.call(new Reduction.Sum(List.of(0, 1), false), x);
      case "max_rows" -> operands.call(new Reduction.Max(List.of(1), false), x);
      case "global_norm" -> operands.call(new Reduction.GlobalNorm(), x);
      default -> throw new IllegalArgumentException("op: not one of reductions, got " + op);
    };
  }
}
