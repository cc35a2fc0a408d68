"""Providers, the sites they are offered on, and what their names stand for."""

from datetime import datetime
from typing import Any

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class SocialApp(Base):
    """A configured OAuth 2 or OpenID Connect provider, as the old site's library has it.

    `provider` is the kind, `provider_id` its name in our URLs (where it is empty, the kind is the name), `settings` a
    `rules.ProviderSettings`. `secret` is "sealed:" and hex: `service.seal_secret` makes it. What the old site left is
    in the clear until `service.reseal_batch` has run. `key` is its library's own and not used by ours.
    """

    __tablename__ = "socialaccount_socialapp"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str] = mapped_column(String)
    provider_id: Mapped[str] = mapped_column(String, server_default="")
    name: Mapped[str] = mapped_column(String, server_default="")
    client_id: Mapped[str] = mapped_column(String, server_default="")
    secret: Mapped[str] = mapped_column(String, server_default="")
    key: Mapped[str] = mapped_column(String, server_default="")
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    # Our own columns.
    is_enabled: Mapped[bool] = mapped_column(Boolean, server_default=true())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )

    __table_args__ = (
        # A name in our URLs is one provider's, and so are the accounts that are linked under it.
        Index(
            "uq_socialaccount_socialapp_slug",
            func.coalesce(func.nullif(text("provider_id"), text("''")), text("provider")),
            unique=True,
        ),
    )


class SocialAppSite(Base):
    """A site on which a provider is offered; a provider with none is offered on all."""

    __tablename__ = "socialaccount_socialapp_sites"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    socialapp_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("socialaccount_socialapp.id", ondelete="CASCADE")
    )
    site_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("django_site.id", ondelete="CASCADE"), index=True
    )

    __table_args__ = (
        UniqueConstraint("socialapp_id", "site_id", name="unique_together_socialaccount_socialapp_sites"),
    )


class Site(Base):
    """A site that this platform answers for."""

    __tablename__ = "django_site"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    domain: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[str] = mapped_column(String, server_default="")


class ProviderSlug(Base):
    """What a provider's name stands for, for ever: whose account numbers they are that are linked under it.

    Were the name given to another provider later, whoever has the same number there would be taken for the owner of
    the account here. So the row outlives the provider.
    """

    __tablename__ = "provider_slugs"

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    authority: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
