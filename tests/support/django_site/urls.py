"""Each way to fail has a route of its own."""

from __future__ import annotations

from django.urls import include, path

from django_site import views

handler403 = views.forbidden
handler500 = views.sorry

urlpatterns = [
    path("ok/<str:name>/", views.ok),
    path("aok/<str:name>/", views.aok),
    path("sync/<str:name>/", views.sync_error),
    path("async/<str:name>/", views.async_error),
    path("class/<str:name>/", views.ClassBased.as_view()),
    path("aclass/<str:name>/", views.AsyncClassBased.as_view()),
    path("nested/", include([path("<int:number>/<str:name>/", views.sync_error)])),
    path("template/<str:name>/", views.template_error),
    path("late-template/<str:name>/", views.late_template_error),
    path("stream/<str:name>/", views.stream),
    path("astream/<str:name>/", views.astream),
    path("stream-error/<str:name>/", views.stream_error),
    path("astream-error/<str:name>/", views.astream_error),
    path("file/<str:name>/", views.file),
    path("file-error/<str:name>/", views.file_error),
    path("slow/<str:name>/", views.slow),
    path("slow-stream/<str:name>/", views.slow_stream),
    path("raise/<str:kind>/", views.refuse),
    path("status/<int:status>/", views.status),
    path("logged/<str:name>/", views.logged),
    path("logged-other/<str:name>/", views.logged_other),
    path("log/<str:text>/", views.log),
    path("record/", views.record),
    path("process/<str:name>/", views.process_error),
    path("tell/", views.tell),
    path("form/", views.form_error),
    path("body/<way>/", views.body_error),
    path("unread/", views.unread_error),
    path("login/", views.log_in),
    path("user/", views.user_error),
    path("remember/", views.remember),
    path("remembered/", views.remembered_error),
    path("secrets/", views.secrets),
    path("asecrets/", views.asecrets),
    path("everything/", views.everything),
    path("queries/<str:name>/", views.queries),
    path("aqueries/<str:name>/", views.aqueries),
    path("leave/<str:name>/", views.leave),
    path("render/<str:name>/", views.render_template),
    path("ask-cache/<str:name>/", views.ask_cache),
    path("aask-cache/<str:name>/", views.aask_cache),
    path("stream-queries/<str:name>/", views.stream_queries),
    path("astream-queries/<str:name>/", views.astream_queries),
    path("meet/<str:name>/", views.meet),
    path("ameet/<str:name>/", views.ameet),
    path("read/", views.read),
    path("pay/<str:name>/", views.pay),
    path("apay/<str:name>/", views.apay),
]
