"""What a client adds to a request, and what it takes of the processor: wattbench, AIPerf and GuideLLM, side by side."""
