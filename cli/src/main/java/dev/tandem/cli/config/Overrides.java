package dev.tandem.cli.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Writes the values of {@code --set} over those of the file, following the schema where short forms must be spelled out. */
final class Overrides {
  private final Place place;
  private final List<Problem> problems;

  private Overrides(Place place, List<Problem> problems) {
    this.place = place;
    this.problems = problems;
  }

  static YamlValue apply(YamlValue root, Assignment assignment, List<Problem> problems) {
    Place place = Place.option(assignment.option());
    YamlValue value =
        new YamlReader(_ -> place, problems)
            .read(assignment.text())
            .orElse(new YamlValue.Text(place, "", true));
    List<String> path = List.of(assignment.path().split("\\.", -1));
    return new Overrides(place, problems)
        .set(new Schema.Section(Config.class), root, path, 0, value);
  }

  /** Writes where the data lie, to whichever key the config's data source has for it. */
  static YamlValue data(YamlValue root, Path data, List<Problem> problems) {
    Place place = Place.option("--data " + data);
    Schema.Kinds sources = new Schema.Kinds(DataConfig.Source.class);
    YamlValue source = under(under(root, "data"), "source");
    YamlValue kind = source instanceof YamlValue.Text ? source : under(source, "kind");
    Optional<Class<?>> type =
        kind instanceof YamlValue.Text(_, String name, _)
            ? sources.kind(name).map(Schema.Section::type)
            : Optional.empty();
    if (type.isEmpty()) {
      return root; // the reader says what is wrong with it
    }
    String key = type.get().getAnnotation(Named.class).data();
    if (key.isEmpty()) {
      String others =
          sources.classes().stream()
              .filter(other -> !other.getAnnotation(Named.class).data().isEmpty())
              .map(Schema::name)
              .collect(Collectors.joining(", "));
      problems.add(
          new Problem(
              place,
              "data.source",
              "no one file or folder holds these data, got kind "
                  + Schema.name(type.get())
                  + "; leave --data out, or use one of "
                  + others));
      return root;
    }
    return new Overrides(place, problems)
        .set(
            new Schema.Section(Config.class),
            root,
            List.of("data", "source", key),
            0,
            new YamlValue.Text(place, data.toString(), false));
  }

  private static YamlValue under(YamlValue value, String key) {
    return value instanceof YamlValue.Keys keys && keys.entries().containsKey(key)
        ? keys.entries().get(key).value()
        : null;
  }

  private YamlValue set(Schema schema, YamlValue now, List<String> path, int at, YamlValue value) {
    if (at == path.size()) {
      return value;
    }
    return switch (schema) {
      case Schema.Maybe(Schema inner) -> set(inner, now, path, at, value);
      case Schema.Section section -> key(section, keys(now), path, at, value);
      case Schema.Listed listed -> entry(listed, now, path, at, value);
      case Schema.Kinds kinds when kinds.choice().named() -> named(kinds, now, path, at, value);
      case Schema.Kinds kinds -> chosen(kinds, now, path, at, value);
      case Schema.Numeric _, Schema.Flag _, Schema.Words _, Schema.FilePath _, Schema.Word _ ->
          refuse(
              now,
              path,
              at + 1,
              "unknown key; '" + String.join(".", path.subList(0, at)) + "' is a value, not keys");
    };
  }

  private YamlValue key(
      Schema.Section section, YamlValue.Keys now, List<String> path, int at, YamlValue value) {
    Optional<Schema.Key> key = section.key(path.get(at));
    if (key.isEmpty()) {
      return refuse(now, path, at + 1, "unknown key; " + section.remedy(path.get(at)));
    }
    YamlValue.Keyed before = now.entries().get(path.get(at));
    YamlValue inner =
        before != null ? before.value() : key.get().otherwise().map(this::parsed).orElse(null);
    YamlValue changed = set(key.get().schema(), inner, path, at + 1, value);
    return changed == value
        ? now.with(path.get(at), place, value)
        : now.with(path.get(at), changed);
  }

  private YamlValue entry(
      Schema.Listed listed, YamlValue now, List<String> path, int at, YamlValue value) {
    int length = now instanceof YamlValue.Items items ? items.values().size() : 0;
    String index = path.get(at);
    if (!index.matches("\\d{1,5}") || Integer.parseInt(index) >= length) {
      String there = length == 0 ? "the list is empty" : "its entries are 0 to " + (length - 1);
      return refuse(now, path, at + 1, "no such entry; " + there);
    }
    YamlValue.Items items = (YamlValue.Items) now;
    int i = Integer.parseInt(index);
    return items.with(i, set(listed.inner(), items.values().get(i), path, at + 1, value));
  }

  private YamlValue named(
      Schema.Kinds kinds, YamlValue now, List<String> path, int at, YamlValue value) {
    YamlValue.Keys keys =
        now instanceof YamlValue.Text(Place where, String word, _)
            ? YamlValue.Keys.of(where, new LinkedHashMap<>())
                .with(word, new YamlValue.Text(where, "", true))
            : keys(now);
    if (keys.entries().size() != 1) {
      return keys; // the reader says what is wrong with it
    }
    String name = keys.first().getKey();
    if (path.get(at).equals(name)) {
      return keys.with(name, set(new Schema.Section(kinds.type()), keys, path, path.size(), value));
    }
    YamlValue given = keys.first().getValue().value();
    return kinds
        .kind(name)
        .map(section ->
            keys.with(name, key(section, ConfigReader.spelledOut(section, given), path, at, value)))
        .orElse(keys);
  }

  private YamlValue chosen(
      Schema.Kinds kinds, YamlValue now, List<String> path, int at, YamlValue value) {
    YamlValue.Keys keys =
        now instanceof YamlValue.Text text
            ? YamlValue.Keys.of(text.place(), new LinkedHashMap<>()).with("kind", text)
            : keys(now);
    if (path.get(at).equals("kind")) {
      return keys.with("kind", value);
    }
    YamlValue.Keyed kind = keys.entries().get("kind");
    Optional<Schema.Section> section =
        kind != null && kind.value() instanceof YamlValue.Text(_, String name, _)
            ? kinds.kind(name)
            : Optional.empty();
    return section
        .<YamlValue>map(known -> key(known, keys, path, at, value))
        .orElseGet(() -> path.size() == at + 1 ? keys.with(path.get(at), value) : keys);
  }

  private YamlValue.Keys keys(YamlValue now) {
    return now instanceof YamlValue.Keys keys
        ? keys
        : YamlValue.Keys.of(place, new LinkedHashMap<>());
  }

  private YamlValue parsed(String text) {
    return new YamlReader(_ -> place, problems).read(text).orElseThrow();
  }

  private YamlValue refuse(YamlValue now, List<String> path, int length, String message) {
    problems.add(new Problem(place, String.join(".", path.subList(0, length)), message));
    return now == null ? keys(null) : now;
  }
}
