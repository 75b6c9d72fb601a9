package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.op.Op;
import dev.tandem.op.Reduction;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** No op and no update goes untested: a record without a case fails here, whatever its backends do. */
final class CoverageTest {
  private static final Set<Class<?>> OPS = records(Op.class);
  private static final Set<Class<?>> UPDATES = records(Update.class);

  @Test
  void everyOpHasACase() {
    assertEquals(Set.of(), without(OPS, opsWhere(_ -> true)), "ops without a case in OpCases");
  }

  @Test
  void everyUpdateHasACase() {
    Set<Class<?>> covered =
        UpdateCases.all().stream().map(c -> c.update().getClass()).collect(Collectors.toSet());
    assertEquals(Set.of(), without(UPDATES, covered), "updates without a case in UpdateCases");
  }

  @Test
  void everyOpIsTriedOnNothing() {
    // Batch norm and its gradient have no statistics over nothing, and refuse it.
    Set<Class<?>> tried =
        opsWhere(sample ->
            results(sample).stream().anyMatch(y -> y.shape().elements() == 0)
                || sample.op() instanceof Reduction.GlobalNorm
                    && inputs(sample).stream().allMatch(x -> x.shape().elements() == 0));
    Set<String> refusing = Set.of("BatchNorm", "BatchNormGrad");
    assertEquals(
        refusing,
        without(OPS, tried).stream().map(Class::getSimpleName).collect(Collectors.toSet()),
        "ops without a case of no elements");
  }

  @Test
  void everyOpIsTriedBeyondOneVectorAndOffItsMultiple() {
    Set<Class<?>> tried =
        opsWhere(sample -> {
          long elements =
              Math.max(
                  results(sample).getFirst().elements(),
                  sample.inputs(sample.dtypes().getFirst()).stream()
                      .mapToLong(x -> x.type().elements())
                      .max()
                      .orElse(0));
          return elements > 64 && elements % 4 != 0;
        });
    assertEquals(
        Set.of(),
        without(OPS, tried),
        "ops without a case of more than 64 elements that 4 does not divide");
  }

  @Test
  void differentiableCasesRunInBothFloatingTypes() {
    List<String> single =
        OpCases.all().stream()
            .filter(sample ->
                sample.dtypes().equals(List.of(DType.F32))
                    || sample.dtypes().equals(List.of(DType.F64)))
            .map(sample -> sample.op().name())
            .filter(name -> !name.equals("fill") && !name.equals("one_hot"))
            .toList();
    assertEquals(List.of(), single, "cases in one floating-point type only");
  }

  /** What rounds its result to BF16 and F16 is tried there, at least twice and once. */
  @Test
  void everyFloatingOpIsTriedInHalfTypes() {
    Map<DType, Map<String, Long>> counts = new HashMap<>();
    for (DType half : OpCase.HALVES) {
      counts.put(
          half,
          OpCases.all().stream()
              .filter(sample -> sample.dtypes().contains(half))
              .collect(Collectors.groupingBy(c -> c.op().name(), Collectors.counting())));
    }
    List<String> lacking =
        OpCases.all().stream()
            .filter(sample -> sample.dtypes().contains(DType.F32))
            .map(sample -> sample.op().name())
            .distinct()
            .filter(name ->
                counts.get(DType.BF16).getOrDefault(name, 0L) < 2
                    || counts.get(DType.F16).getOrDefault(name, 0L) < 1)
            .toList();
    assertEquals(List.of(), lacking, "ops with fewer than two cases in BF16 and one in F16");
  }

  @Test
  void everyFloatingUpdateIsTriedInHalfTypes() {
    Set<String> tried =
        UpdateCases.all().stream()
            .filter(sample -> sample.dtypes().containsAll(OpCase.HALVES))
            .map(sample -> sample.update().name())
            .collect(Collectors.toSet());
    // These have operands of types of their own.
    tried.addAll(Set.of("increment", "increment_if_finite", "next_draw", "loss_scale"));
    assertEquals(
        UpdateCases.all().stream().map(c -> c.update().name()).collect(Collectors.toSet()), tried);
  }

  @Test
  void namesAreUnique() {
    List<Class<?>> all = new ArrayList<>(OPS);
    all.addAll(UPDATES);
    Map<String, Class<?>> byName = new HashMap<>();
    for (Class<?> type : all) {
      Class<?> other = byName.put(type.getSimpleName().toLowerCase(Locale.ROOT), type);
      assertTrue(
          other == null,
          () -> "two records share a name, and so would their kernels: " + type + ", " + other);
    }
  }

  @Test
  void gradientsAreNamedAfterTheirForward() {
    Set<String> names = OPS.stream().map(Class::getSimpleName).collect(Collectors.toSet());
    List<String> orphans =
        names.stream()
            .filter(name -> name.contains("Grad"))
            .filter(name -> !names.contains(name.replaceAll("Grad(Input|Weight)?$", "")))
            .toList();
    assertEquals(List.of(), orphans, "backward ops without the forward that their name speaks of");
  }

  private static List<TensorType> results(OpCase sample) {
    return sample.op().outputs(inputs(sample).stream().map(Values::type).toList());
  }

  private static List<Values> inputs(OpCase sample) {
    return sample.inputs(sample.dtypes().getFirst());
  }

  private static Set<Class<?>> opsWhere(Predicate<OpCase> condition) {
    return OpCases.all().stream()
        .filter(condition)
        .map(c -> c.op().getClass())
        .collect(Collectors.toSet());
  }

  private static Set<Class<?>> without(Set<Class<?>> all, Set<Class<?>> some) {
    Set<Class<?>> rest = new HashSet<>(all);
    rest.removeAll(some);
    return rest;
  }

  /** All records of a sealed family, through its families. */
  static Set<Class<?>> records(Class<?> sealed) {
    Set<Class<?>> records = new HashSet<>();
    for (Class<?> permitted : sealed.getPermittedSubclasses()) {
      if (permitted.isRecord()) {
        records.add(permitted);
      } else {
        records.addAll(records(permitted));
      }
    }
    return records;
  }
}
