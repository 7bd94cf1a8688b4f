# Everything here starts from a fresh clone: .ci/setup makes the environment that the rest needs.
PYTHON := .venv/bin/python
READY := .venv/.ready
READY_FOR_TESTS := .venv/.ready-for-tests

# The tests start hundreds of interpreters, which shall not all compile the same modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench bench-firmware bench-networks bench-models bench-own-words bench-start bench-curve bench-near bench-hil bench-kernels bench-distribute bench-challenge bench-pseudo bench-robustness bench-tf14 bench-house bench-first-minutes bench-micro sweep accuracy pretrained fuzz notebook report-picture wheel setup clean bench-compilers bench-library bench-micro-speech bench-faults bench-streaming bench-incremental bench-wakewords bench-boards bench-line

demo: $(READY)  ## train yes,no on synthetic voices: corpus, model, .tflite, C, report in out/demo
	$(PYTHON) -m train --words yes,no --data synthetic --preset best --out out/demo --overwrite

# A process a core tests; threads of each would only wait for those of the other.
test: $(READY_FOR_TESTS) check  ## everything CI checks
	OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest --numprocesses auto --dist worksteal

sweep: $(READY_FOR_TESTS)  ## all tests, with those of every board, network and recording that make test leaves out
	.ci/setup sweep
	OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest -m '' --numprocesses auto --dist worksteal

check: $(READY)  ## style, types, import arrows: the quick part of the tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	git ls-files '*.c' '*.cc' '*.h' | xargs -r .venv/bin/clang-format --dry-run --Werror

bench: $(READY)  ## speed of features and training beside the obvious way, to out/bench/train.json
	$(PYTHON) tests/bench/train_bench.py

bench-firmware: $(READY)  ## instructions, flash and RAM on every board, to out/bench/firmware.json
	$(PYTHON) tests/bench/firmware_bench.py

bench-networks: $(READY)  ## what every network costs, on emulated boards, to the table in docs/NETWORKS.md
	$(PYTHON) tests/bench/networks_table.py

bench-models: $(READY)  ## MODELS=FOLDER of public .tflite against TFLite-Micro, to out/bench/models.json and docs/MODELS.md
	$(PYTHON) tests/bench/models_bench.py $${MODELS:?name a folder of models}

bench-own-words: $(READY)  ## thirty takes by one person and German voices: what is heard, to out/bench/own_words.json
	$(PYTHON) tests/bench/own_words/own_words_bench.py

bench-near: $(READY)  ## RUN=FOLDER or a model that ships: false accepts of words one sound away, to out/bench/near_words.json
	$(PYTHON) tests/bench/own_words/near_words_bench.py $${RUN:?name a run folder}

bench-curve: $(READY)  ## NETWORKS="NAME..." (all): accuracy over products, trained on ../shared, to out/bench/curve.json and docs/NETWORKS.md
	$(PYTHON) tests/bench/pretrained/curve_bench.py $(NETWORKS)

bench-start: $(READY)  ## own words from 0, 5, 10, 30 recordings, with and without --start-from, to out/bench/start.json
	$(PYTHON) tests/bench/pretrained/start_bench.py

bench-hil: $(READY)  ## every board proves out/yes_no, by each feed and on bad lines, to out/bench/hil.json
	$(PYTHON) tests/bench/hil_bench.py

bench-line: $(READY_FOR_TESTS)  ## RUN=FOLDER CLIPS=FOLDER: packed audio, clips a second by rate, to out/bench/line.json and docs/PROTOCOL.md
	PYTHONPATH=tests:tests/bench $(PYTHON) tests/bench/line/line_bench.py $${RUN:?name a run folder} $${CLIPS:?name a folder of recordings}

bench-boards: $(READY_FOR_TESTS)  ## every board on RUN=FOLDER: sizes, speed, scores, a stream through the Pico's ADC, to out/bench/boards.json
	$(PYTHON) tests/bench/boards_bench.py $${RUN:?name a run folder}

bench-kernels: $(READY)  ## 60 random networks of each kind on the host and every kind of core, against TFLite-Micro
	EARSHOT_KERNEL_NETWORKS=60 $(PYTHON) -m pytest -m '' tests/parity/test_kernels.py tests/emulator/test_kernels.py

bench-compilers: $(READY)  ## warnings and instructions by compiler, standard and optimization, to docs/COMPILERS.md
	PYTHONPATH=tests:tests/bench $(PYTHON) tests/bench/library/compilers_bench.py

bench-library: $(READY)  ## RUNS="RUN..." as exported libraries on every core: flash, RAM, instructions, to docs/LIBRARY.md
	PYTHONPATH=tests/bench $(PYTHON) tests/bench/library/sizes.py $${RUNS:?name run folders}

bench-distribute: $(READY)  ## two workers beside one process, ten seeds, to the table in docs/DISTRIBUTED.md
	$(PYTHON) tests/bench/distribute_bench.py

bench-challenge: $(READY)  ## the challenge's entries beside our network, trained by equal steps, to the table in docs/CHALLENGE.md
	$(PYTHON) tests/bench/challenge_bench.py

bench-pseudo: $(READY)  ## what pseudo-labels bring where a fifth is labelled, to the table in docs/CHALLENGE.md
	$(PYTHON) tests/bench/pseudo_bench.py

bench-robustness: $(READY)  ## DC offsets and quiet microphones, by recipe, to the table in docs/MICROPHONES.md
	$(PYTHON) tests/bench/robustness_bench.py

bench-wakewords: $(READY)  ## wake words that keep state, of RUN=FOLDER by real clients, of MODELS=FOLDER, to out/bench/wakewords.json
	PYTHONPATH=tests/bench $(PYTHON) tests/bench/wakewords/wakewords_bench.py $(RUN) $(if $(MODELS),--models $(MODELS))

bench-micro-speech: $(READY)  ## upstream's micro_speech in EARSHOT_TFLM=CHECKOUT with the model of RUN=FOLDER, to out/bench/micro_speech.json
	$(PYTHON) tests/bench/upstream/micro_speech_bench.py $${RUN:?name a run folder}

bench-tf14: $(READY)  ## model.pb in the real TensorFlow 1.4, which ../shared/tools/setup_tf14 FOLDER installs
	EARSHOT_TF14=$${EARSHOT_TF14:?name that folder} $(PYTHON) -m pytest -m '' tests/parity/test_graphdef.py tests/parity/test_pi_interpreter.py

bench-house: $(READY)  ## how long make test takes and how large things are, to out/bench/house.json
	$(PYTHON) tests/bench/house.py

bench-first-minutes: $(READY)  ## a fresh clone to the first word heard; words heard and false accepts an hour, by preset
	$(PYTHON) tests/bench/streams/first_minutes.py

bench-streaming: $(READY)  ## instructions a second of audio by network and stride, to out/bench/streaming.json
	PYTHONPATH=tests/bench $(PYTHON) tests/bench/streams/always_on.py

bench-incremental: $(READY)  ## 500 random networks; every network, stride and core, to out/bench/incremental.json and docs/NETWORKS.md
	EARSHOT_KERNEL_NETWORKS=500 $(PYTHON) -m pytest -m '' tests/parity/test_incremental.py
	PYTHONPATH=tests:tests/bench $(PYTHON) tests/bench/streams/every_stride.py

bench-micro: $(READY)  ## the front end micro beside TensorFlow's op and pymicro-features, to out/bench/micro_frontend.json
	$(PYTHON) tests/bench/micro/micro_bench.py

bench-faults: $(READY_FOR_TESTS)  ## hours of stream and bad lines with the model of RUN=FOLDER, to out/bench/faults.json
	PYTHONPATH=tests:tests/bench $(PYTHON) tests/bench/faults/faults_bench.py $${RUN:?name a run folder}

fuzz: $(READY_FOR_TESTS)  ## random cases of every kind, or KIND=tflite, graphs, archives, lines, json, keras, trees, damaged_files, packed; SEED=
	EARSHOT_FUZZ=1 EARSHOT_FUZZ_SEED=$(SEED) $(PYTHON) -m pytest -m fuzz -k '$(KIND)' --numprocesses auto -rP --durations 0

pretrained: $(READY)  ## MODELS="NAME..." (all): train the models that ship, on ../shared, and put them into train/pretrained
	$(PYTHON) tests/bench/pretrained/make_models.py $(MODELS)

accuracy: $(READY)  ## the main job over tasks and seeds on real recordings, to out/bench/accuracy.json
	$(PYTHON) tests/bench/accuracy_sweep.py

notebook: $(READY)  ## docs/earshot.ipynb executed anew, with what it printed
	$(PYTHON) tests/executed_notebook.py

report-picture: $(READY)  ## docs/report.png, the top of the report of RUN=FOLDER in Chromium
	$(PYTHON) tests/page_layout.py $${RUN:?name a run folder}/report.html docs/report.png 1000 2150

wheel: $(READY)  ## dist/earshot_kws-*.whl: everything, firmware included, for use outside a clone
	rm -rf build
	$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

setup: $(READY)  ## the environment alone

$(READY): pyproject.toml .ci/setup .ci/constraints.txt
	.ci/setup

$(READY_FOR_TESTS): pyproject.toml .ci/setup .ci/constraints.txt
	.ci/setup tests

clean:  ## remove the environment and all that was made; recordings in the cache stay
	rm -rf .venv out build dist *.egg-info
