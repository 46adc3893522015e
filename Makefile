# Aliases; everything works without make.
.PHONY: run test lint bench lock
run test bench:
	python3 manage.py $@
lint:
	python3 manage.py setup test
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m ruff check .
	.venv/bin/python -m mypy

# Universal and for the oldest Python: a lock made on a newer one lacks what 3.11.2 needs.
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11.0 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate
lock:
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/runtime.in -o requirements/runtime.txt
	# With the runtime lock as a constraint: the tests run on exactly what is served.
	$(COMPILE) requirements/test.in -c requirements/runtime.txt -o requirements/test.txt
