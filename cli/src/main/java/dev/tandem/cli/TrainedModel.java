package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Dataset;
import dev.tandem.data.Normalization;
import dev.tandem.io.FileException;
import dev.tandem.io.SafeTensors;
import dev.tandem.io.SafeTensorsFile;
import dev.tandem.nn.Init;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Sequential;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.Evaluation;
import dev.tandem.train.Learner;
import dev.tandem.train.Metrics;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The network of a config with weights from a file. @param output the shape of what it puts out for a sample */
record TrainedModel(Path file, ModelCard card, Sequential model, Shape output, Learner learner)
    implements AutoCloseable {
  /** @throws FileException naming the file, where it does not fit the config */
  static TrainedModel open(LoadedConfig loaded, Path file, Backend backend) {
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      ModelCard card = ModelCard.read(file, opened.metadata());
      LossFunction loss = Prepared.loss(loaded, card.target());
      Network network = Network.of(loaded, card.input(), card.target(), loss);
      Sequential model = network.build(Init.blank(backend, Prepared.dtype(loaded.config())));
      try {
        Map<String, Tensor> weights = new LinkedHashMap<>(model.parameters());
        weights.putAll(model.buffers());
        opened.roundInto(weights);
        return new TrainedModel(
            file, card, model, network.layers().getLast().output(), new Learner(model, loss));
      } catch (RuntimeException e) {
        model.close();
        throw e;
      }
    }
  }

  /** The model as one that continues texts. @throws FileException where it is none */
  LanguageModel languageModel() {
    if (model.layers().size() == 1 && model.layers().getFirst() instanceof LanguageModel only) {
      return only;
    }
    throw new FileException(
        "model: "
            + file
            + " is no language model, got "
            + model.describe()
            + "; train one with the layer gpt or llama");
  }

  /** Measures on data scaled as the model was trained. */
  Metrics measure(Dataset dataset) {
    if (!dataset.input().equals(card.input()) || !dataset.target().equals(card.target())) {
      throw new FileException(
          "model: "
              + file
              + " was trained on other data, got "
              + dataset.input()
              + " and "
              + dataset.target()
              + " in "
              + dataset.name()
              + " where it takes "
              + card.input()
              + " and "
              + card.target()
              + "; measure it on data like those it was trained on");
    }
    BatchLoader loader = BatchLoader.of(dataset, Prepared.measuredAtOnce(dataset));
    if (card.inputs().method() != Normalization.Method.NONE) {
      loader = loader.with(card.inputs().onInputs());
    }
    if (card.targets().isPresent()) {
      loader = loader.with(card.targets().get().onTargets());
    }
    return Evaluation.evaluate(learner, loader);
  }

  @Override
  public void close() {
    model.close();
  }
}
