"""Spans, where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says that somebody wants them; elsewhere nothing is even imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rivulet.events import Event
from rivulet.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class Tracing:
    """One span for each event, in the trace that the event came with."""

    def __init__(self, settings: Settings, provider: TracerProvider) -> None:
        self._service = settings.service
        self._provider = provider
        self._tracer = provider.get_tracer("rivulet")
        self._cold = True

    @classmethod
    def of(cls, settings: Settings) -> Tracing | None:
        """Return the tracing that the settings ask for, None if they ask for none.

        The exporter reads its other settings, ``OTEL_EXPORTER_OTLP_HEADERS`` and the like, by itself.
        """
        if not settings.otlp_endpoint:
            return None
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": settings.service, "service.version": settings.revision})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # there is more to do before: see close
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(settings, provider)

    def close(self) -> None:
        """Send what was not sent yet; it may take a while if nobody listens, so it comes last of all."""
        self._provider.shutdown()

    @contextmanager
    def span(self, event: Event, line: dict[str, Any]) -> Iterator[None]:
        """Open the span of an event; what was remarked on it becomes attributes."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract({"traceparent": event.traceparent})
        attributes: dict[str, Any] = {
            "cloudevents.event_id": event.id,
            "cloudevents.event_source": event.source,
            "cloudevents.event_type": event.type,
            "faas.coldstart": self._cold,
        }
        self._cold = False
        name = f"{self._service} {event.type}"
        with self._tracer.start_as_current_span(name, parent, SpanKind.CONSUMER, attributes) as span:
            try:
                yield
            finally:
                span.set_attributes({f"rivulet.{name}": value for name, value in line.items() if value is not None})
