package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Steps of one weight, and of sixteen that share its elements, as a network's optimizer makes them. */
public class OptimizerBenchmark extends CallBenchmark {
  private static final int WEIGHTS = 16;
  private static final float RATE =
      1e-6f; // weights stay ordinary numbers for as long as a run lasts

  @Param("1048576")
  public int elements;

  @Param({"sgd", "momentum", "adam", "many_momentum", "many_adam"})
  public String op;

  @Override
  Call call(Operands operands) {
    Update.Optimizer rule =
        switch (op) {
          case "sgd" -> new Update.Sgd(0);
          case "momentum", "many_momentum" -> new Update.Momentum(0.9, false, 0);
          case "adam", "many_adam" -> new Update.Adam(0.9, 0.999, 1e-8, 0, false);
          default -> throw new IllegalArgumentException("op: not one of optimizers, got " + op);
        };
    boolean many = op.startsWith("many_");
    int count = many ? WEIGHTS : 1;
    TensorType type = TensorType.f32(elements / count);
    List<Operand> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.add(operands.uniform(type));
      for (int state = 0; state < rule.states(); state++) {
        list.add(operands.zeros(type));
      }
    }
    for (int i = 0; i < count; i++) {
      list.add(operands.uniform(type));
    }
    list.add(operands.scalar(RATE));
    if (many) {
      list.add(operands.scalar(1));
    }
    if (rule.counted()) {
      Operand t = operands.integers(Shape.scalar(), 1);
      operands.backend().update(new Update.Increment(), List.of(t));
      list.add(t);
    }
    return operands.call(
        many ? new Update.Many(rule, count, Update.Masters.NONE) : rule, List.copyOf(list));
  }
}
