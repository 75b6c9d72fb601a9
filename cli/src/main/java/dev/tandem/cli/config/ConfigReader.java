package dev.tandem.cli.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * Makes records of values as the records declare them. What does not fit is noted and passed over, so that one reading
 * finds all problems; a value with a problem is null, and so is all that holds it.
 */
final class ConfigReader {
  /** Beyond any number that is meant; the time to read digits grows with their square. */
  private static final int LONGEST_NUMBER = 500;

  private final Map<String, Place> places;
  private final List<Problem> problems;

  ConfigReader(Map<String, Place> places, List<Problem> problems) {
    this.places = places;
    this.problems = problems;
  }

  /** @param key the setting that the value is for, whose range it must meet; null within lists and for the whole */
  Object read(Schema schema, YamlValue value, String path, Schema.Key key) {
    places.putIfAbsent(path, value.place());
    return switch (schema) {
      case Schema.Maybe(Schema inner) ->
          value instanceof YamlValue.Text text && text.missing()
              ? Optional.empty()
              : Optional.ofNullable(read(inner, value, path, key)).orElse(null)
                      instanceof Object found
                  ? Optional.of(found)
                  : null;
      case Schema.Numeric numeric -> number(numeric, value, path, key);
      case Schema.Flag _ -> flag(value, path);
      case Schema.Words _ -> text(value, path, "text", key).map(YamlValue.Text::text).orElse(null);
      case Schema.FilePath _ ->
          text(value, path, "a path", key)
              .map(text -> text.place().folder().resolve(text.text()))
              .orElse(null);
      case Schema.Word word -> word(word, value, path);
      case Schema.Listed listed -> list(listed, value, path, key);
      case Schema.Section section -> section(section, value, path);
      case Schema.Kinds kinds ->
          kinds.choice().named() ? named(kinds, value, path) : chosen(kinds, value, path);
    };
  }

  private Object number(Schema.Numeric numeric, YamlValue value, String path, Schema.Key key) {
    String what = numeric.whole() ? "a whole number" : "a number";
    if (!(value instanceof YamlValue.Text text)) {
      return refuse(value, path, "not " + what + ", got " + value.describe() + remedy(key));
    }
    if (text.missing()) {
      return refuse(
          value, path, "nothing written; give " + what + remedy(key).replace("; give", ","));
    }
    if (!text.plain()) {
      return refuse(
          value, path, "not " + what + ", got the text " + text.describe() + "; remove the quotes");
    }
    if (text.text().length() > LONGEST_NUMBER
        || !text.text().matches("[-+]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d{1,4})?")) {
      return refuse(value, path, "not " + what + ", got " + text.describe() + remedy(key));
    }
    double number = Double.parseDouble(text.text());
    if (numeric.whole() && !text.text().matches("[-+]?\\d+")) {
      return refuse(value, path, "not a whole number, got " + text.text() + remedy(key));
    }
    BigDecimal exact = numeric.whole() ? new BigDecimal(text.text()) : null;
    if (exact != null
            && (exact.compareTo(BigDecimal.valueOf(numeric.least())) < 0
                || exact.compareTo(BigDecimal.valueOf(numeric.greatest())) > 0)
        || Double.isInfinite(number)) {
      return refuse(value, path, "too large a number, got " + text.text() + remedy(key));
    }
    if (key != null) {
      Optional<String> bound = outOfBounds(key.setting(), number);
      if (bound.isPresent()) {
        return refuse(value, path, bound.get() + ", got " + text.text() + remedy(key));
      }
    }
    if (!numeric.whole()) {
      return number;
    }
    // A conditional expression would turn both into a Long.
    if (numeric.greatest() == Integer.MAX_VALUE) {
      return exact.intValueExact();
    }
    return exact.longValueExact();
  }

  private static Optional<String> outOfBounds(Setting setting, double number) {
    if (number < setting.min()) {
      return Optional.of("must be at least " + plain(setting.min()));
    }
    if (number <= setting.above() && setting.above() != Double.NEGATIVE_INFINITY) {
      return Optional.of("must be greater than " + plain(setting.above()));
    }
    if (number > setting.max()) {
      return Optional.of("must be at most " + plain(setting.max()));
    }
    if (number >= setting.below() && setting.below() != Double.POSITIVE_INFINITY) {
      return Optional.of("must be less than " + plain(setting.below()));
    }
    return Optional.empty();
  }

  static String plain(double number) {
    return new BigDecimal(Double.toString(number)).stripTrailingZeros().toPlainString();
  }

  private Object flag(YamlValue value, String path) {
    String text = value instanceof YamlValue.Text word && word.plain() ? word.text() : "";
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default ->
          refuse(
              value,
              path,
              "neither true nor false, got " + value.describe() + "; give one of them");
    };
  }

  private Optional<YamlValue.Text> text(YamlValue value, String path, String what, Schema.Key key) {
    if (value instanceof YamlValue.Text text && !text.missing()) {
      return Optional.of(text);
    }
    String got =
        value instanceof YamlValue.Text
            ? "nothing written; give " + what
            : "not " + what + ", got " + value.describe() + remedy(key);
    refuse(value, path, got);
    return Optional.empty();
  }

  private Object word(Schema.Word word, YamlValue value, String path) {
    if (value instanceof YamlValue.Text text) {
      for (Object constant : word.type().getEnumConstants()) {
        if (Spelling.plain(Schema.name((Enum<?>) constant)).equals(Spelling.plain(text.text()))) {
          return constant;
        }
      }
      String remedy = Spelling.remedy(text.text(), word.names(), "values");
      return refuse(value, path, "no such value, got " + value.describe() + "; " + remedy);
    }
    return refuse(
        value,
        path,
        "not a word, got "
            + value.describe()
            + "; valid values: "
            + String.join(", ", word.names().values()));
  }

  private Object list(Schema.Listed listed, YamlValue value, String path, Schema.Key key) {
    if (value instanceof YamlValue.Text word
        && !word.missing()
        && listed.inner() instanceof Schema.Words) {
      return List.of(word.text()); // one name, without the brackets
    }
    if (!(value instanceof YamlValue.Items items)) {
      return refuse(value, path, "not a list, got " + value.describe() + remedy(key));
    }
    List<Object> read = new ArrayList<>();
    for (YamlValue entry : items.values()) {
      // The setting's range is that of the entries.
      read.add(read(listed.inner(), entry, path + "." + read.size(), key));
    }
    return read.contains(null) ? null : List.copyOf(read);
  }

  private Object section(Schema.Section section, YamlValue value, String path) {
    if (value instanceof YamlValue.Keys keys) {
      return section(section, keys, path, path);
    }
    if (value instanceof YamlValue.Text text && text.missing()) {
      return section(section, YamlValue.Keys.of(text.place(), new LinkedHashMap<>()), path, path);
    }
    return refuse(
        value,
        path,
        "needs keys below it, got "
            + value.describe()
            + "; valid keys: "
            + String.join(", ", section.keys().stream().map(Schema.Key::name).toList()));
  }

  /** @param of what messages say the keys are of */
  private Object section(Schema.Section section, YamlValue.Keys value, String path, String of) {
    for (var entry : value.entries().entrySet()) {
      if (section.key(entry.getKey()).isEmpty()) {
        String remedy = section.remedy(entry.getKey());
        String where = of.equals(path) ? "" : " of " + of;
        problems.add(
            new Problem(
                entry.getValue().place(),
                inner(path, entry.getKey()),
                "unknown key" + where + "; " + remedy));
      }
    }
    Object[] components =
        section.keys().stream()
            .map(key -> component(section, key, value, inner(path, key.name())))
            .toArray();
    return Stream.of(components).anyMatch(component -> component == null)
        ? null
        : construct(section.type(), components, value.place(), path);
  }

  private Object component(
      Schema.Section section, Schema.Key key, YamlValue.Keys value, String path) {
    YamlValue.Keyed written = value.entries().get(key.name());
    if (written != null) {
      places.putIfAbsent(path, written.place());
      return read(key.schema(), written.value(), path, key);
    }
    if (key.schema() instanceof Schema.Maybe) {
      return Optional.empty();
    }
    Optional<String> otherwise = key.otherwise();
    if (otherwise.isEmpty()) {
      problems.add(
          new Problem(
              value.place(),
              path,
              "missing: " + key.setting().value() + key.remedy() + byOption(section, key)));
      return null;
    }
    YamlValue standing =
        new YamlReader(_ -> value.place(), problems).read(otherwise.get()).orElseThrow();
    return read(key.schema(), standing, path, key);
  }

  private static String byOption(Schema.Section section, Schema.Key key) {
    Named named = section.type().getAnnotation(Named.class);
    return named != null && named.data().equals(key.name()) ? ", or name yours by --data" : "";
  }

  /** {@code {kind: adam, lr: 0.001}}, or {@code adam}. */
  private Object chosen(Schema.Kinds kinds, YamlValue value, String path) {
    if (value instanceof YamlValue.Text text && !text.missing()) {
      return kind(kinds, value, text.text(), path)
          .map(section ->
              section(section, YamlValue.Keys.of(value.place(), new LinkedHashMap<>()), path, path))
          .orElse(null);
    }
    if (!(value instanceof YamlValue.Keys keys)) {
      return refuse(
          value,
          path,
          "not a "
              + kinds.choice().value()
              + ", got "
              + got(value)
              + "; "
              + Spelling.remedy("", kinds.spellings(), "kinds"));
    }
    YamlValue.Keyed kind = keys.entries().get("kind");
    if (kind == null || !(kind.value() instanceof YamlValue.Text(_, String name, _))) {
      return refuse(
          value, path, "missing key 'kind'; " + Spelling.remedy("", kinds.spellings(), "kinds"));
    }
    SequencedMap<String, YamlValue.Keyed> others = new LinkedHashMap<>(keys.entries());
    others.remove("kind");
    return kind(kinds, kind.value(), name, path)
        .map(section ->
            section(
                section,
                YamlValue.Keys.of(keys.place(), others),
                path,
                Schema.name(section.type())))
        .orElse(null);
  }

  /** {@code linear: {units: 10}}, {@code linear: 10}, or {@code relu}. */
  private Object named(Schema.Kinds kinds, YamlValue value, String path) {
    if (value instanceof YamlValue.Text text && !text.missing()) {
      return kind(kinds, value, text.text(), path)
          .map(section ->
              section(
                  section,
                  YamlValue.Keys.of(value.place(), new LinkedHashMap<>()),
                  path,
                  Schema.name(section.type())))
          .orElse(null);
    }
    String what = kinds.choice().value();
    if (!(value instanceof YamlValue.Keys keys) || keys.entries().size() != 1) {
      String got =
          value instanceof YamlValue.Keys keys
              ? "the keys " + String.join(", ", keys.entries().keySet())
              : got(value);
      return refuse(
          value,
          path,
          "not one "
              + what
              + ", got "
              + got
              + "; write '- linear: 10' or '- conv: {channels: 16}'");
    }
    YamlValue given = keys.first().getValue().value();
    return kind(kinds, keys, keys.first().getKey(), path)
        .map(section ->
            section(section, spelledOut(section, given), path, Schema.name(section.type())))
        .orElse(null);
  }

  /** Keys, where a lone value stands for the first of them. */
  static YamlValue.Keys spelledOut(Schema.Section section, YamlValue given) {
    if (given instanceof YamlValue.Keys keys) {
      return keys;
    }
    YamlValue.Keys none = YamlValue.Keys.of(given.place(), new LinkedHashMap<>());
    boolean bare = given instanceof YamlValue.Text text && text.missing();
    return bare
        ? none
        : none.with(
            section.keys().isEmpty() ? given.describe() : section.keys().getFirst().name(), given);
  }

  private Optional<Schema.Section> kind(
      Schema.Kinds kinds, YamlValue value, String name, String path) {
    Optional<Schema.Section> section = kinds.kind(name);
    if (section.isEmpty()) {
      refuse(
          value,
          path,
          "no such "
              + kinds.choice().value()
              + ", got '"
              + name
              + "'; "
              + Spelling.remedy(name, kinds.spellings(), "kinds"));
    }
    return section;
  }

  private Object construct(Class<?> type, Object[] components, Place place, String path) {
    Class<?>[] types =
        Stream.of(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(components);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        problems.add(new Problem(place, path, refused.getMessage()));
        return null;
      }
      throw new IllegalStateException("config: " + type + " cannot be made", e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("config: " + type + " cannot be made", e);
    }
  }

  private Object refuse(YamlValue value, String path, String message) {
    problems.add(new Problem(value.place(), path, message));
    return null;
  }

  private static String got(YamlValue value) {
    return value instanceof YamlValue.Text text && text.missing() ? "nothing" : value.describe();
  }

  private static String remedy(Schema.Key key) {
    return key == null ? "" : key.remedy();
  }

  private static String inner(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
