"""Cartridges as each platform writes them. The structures are theirs, found in exports; the words are ours."""

from collections.abc import Callable

from .conftest import PDF, PNG, Members, Taken, html, web_link

Take = Callable[[Members], Taken]
LAR = "associatedcontent/imscc_xmlv1p1/learning-application-resource"

CANVAS = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="i0" xmlns="http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1"
  xmlns:lom="http://ltsc.ieee.org/xsd/imsccv1p3/LOM/resource"
  xmlns:lomimscc="http://ltsc.ieee.org/xsd/imsccv1p3/LOM/manifest"
  xmlns:cpx="http://www.imsglobal.org/xsd/imsccv1p3/imscp_extensionv1p2">
  <metadata><schema>IMS Common Cartridge</schema><schemaversion>1.3.0</schemaversion>
    <lomimscc:lom><lomimscc:general><lomimscc:title><lomimscc:string>Looms 101</lomimscc:string></lomimscc:title>
      </lomimscc:general><lomimscc:lifeCycle/><lomimscc:rights><lomimscc:copyrightAndOtherRestrictions>
      <lomimscc:value>yes</lomimscc:value></lomimscc:copyrightAndOtherRestrictions><lomimscc:description>
      <lomimscc:string>Private (Copyrighted)</lomimscc:string></lomimscc:description></lomimscc:rights></lomimscc:lom>
  </metadata>
  <organizations><organization identifier="org_1" structure="rooted-hierarchy">
    <item identifier="LearningModules">
      <item identifier="mod1"><title>Week 1</title>
        <item identifier="it1" identifierref="page1"><title>Welcome</title></item>
        <item identifier="it2"><title>A text header</title></item>
        <item identifier="it3" identifierref="asg1"><title>First cloth</title></item>
        <item identifier="it4" identifierref="quiz1"><title>Quiz 1</title></item>
        <item identifier="it5" identifierref="disc1"><title>Say hello</title></item>
        <item identifier="it6" identifierref="link1"><title>The museum</title></item>
        <item identifier="it7" identifierref="file1"><title>The plan</title></item>
        <item identifier="it8" identifierref="lti1"><title>A tool</title></item>
      </item>
      <item identifier="mod2"><title>Week 2</title>
        <item identifier="it9" identifierref="page2"><title>Later</title></item>
      </item>
    </item></organization></organizations>
  <resources>
    <resource identifier="set" type="{LAR}" href="course_settings/canvas_export.txt">
      <file href="course_settings/module_meta.xml"/><file href="course_settings/canvas_export.txt"/></resource>
    <resource identifier="syl" type="{LAR}" href="course_settings/syllabus.html" intendeduse="syllabus">
      <file href="course_settings/syllabus.html"/></resource>
    <resource identifier="page1" type="webcontent" href="wiki_content/welcome.html">
      <file href="wiki_content/welcome.html"/></resource>
    <resource identifier="page2" type="webcontent" href="wiki_content/later.html">
      <file href="wiki_content/later.html"/></resource>
    <resource identifier="asg1" type="assignment_xmlv1p0" href="asg1/assignment.xml"><file href="asg1/assignment.xml"/>
      </resource>
    <resource identifier="asg1_fallback" type="webcontent"><cpx:variant identifier="v" identifierref="asg1">
      <cpx:metadata/></cpx:variant><file href="asg1/first-cloth.html"/></resource>
    <resource identifier="disc1" type="imsdt_xmlv1p1"><file href="disc1.xml"/><dependency identifierref="disc1m"/>
      </resource>
    <resource identifier="disc1m" type="{LAR}" href="disc1m.xml"><file href="disc1m.xml"/></resource>
    <resource identifier="link1" type="imswl_xmlv1p1"><file href="link1.xml"/></resource>
    <resource identifier="quiz1" type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="quiz1/assessment_qti.xml"/>
      <dependency identifierref="quiz1m"/></resource>
    <resource identifier="quiz1m" type="{LAR}" href="quiz1/assessment_meta.xml"><file href="quiz1/assessment_meta.xml"/>
      <file href="non_cc_assessments/quiz1.xml.qti"/></resource>
    <resource identifier="lti1" type="imsbasiclti_xmlv1p0"><file href="lti1.xml"/></resource>
    <resource type="webcontent" identifier="file1" href="web_resources/Uploaded Media/plan (1).pdf">
      <file href="web_resources/Uploaded Media/plan (1).pdf"/></resource>
    <resource type="webcontent" identifier="file2" href="web_resources/loom.png"><file href="web_resources/loom.png"/>
      </resource>
    <resource type="webcontent" identifier="file3" href="web_resources/key.pdf"><metadata><lom:lom><lom:educational>
      <lom:intendedEndUserRole><lom:source>IMSGLC_CC_Rolesv1p1</lom:source><lom:value>Instructor</lom:value>
      </lom:intendedEndUserRole></lom:educational></lom:lom></metadata><file href="web_resources/key.pdf"/></resource>
  </resources>
</manifest>"""
MODULES = """<modules xmlns="http://canvas.instructure.com/xsd/cccv1p0">
  <module identifier="mod1"><title>Week 1</title><workflow_state>active</workflow_state><items>
    <item identifier="it6"><content_type>ExternalUrl</content_type><workflow_state>unpublished</workflow_state></item>
    <item identifier="it7"><content_type>Attachment</content_type><workflow_state>active</workflow_state></item></items>
    <completionRequirements><completionRequirement type="must_view"/></completionRequirements></module>
  <module identifier="mod2"><title>Week 2</title><workflow_state>unpublished</workflow_state>
    <prerequisites><prerequisite type="context_module"><title>Week 1</title></prerequisite></prerequisites>
    <items/></module></modules>"""


CANVAS_MEMBERS: dict[str, bytes | str] = {
    "imsmanifest.xml": CANVAS,
    "course_settings/canvas_export.txt": "Q: What did the panda say?",
    "course_settings/module_meta.xml": MODULES,
    "course_settings/syllabus.html": html("<p>All weeks</p>", "Syllabus"),
    "wiki_content/welcome.html": html(
        '<p><img src="%24IMS-CC-FILEBASE%24/loom.png" alt="A loom">'
        '<a href="%24IMS-CC-FILEBASE%24/Uploaded%20Media/plan%20(1).pdf?canvas_download=1">plan</a> '
        '<a href="%24WIKI_REFERENCE%24/pages/later">later</a> '
        '<a href="%24CANVAS_OBJECT_REFERENCE%24/assignments/asg1">the cloth</a> '
        '<a href="%24CANVAS_OBJECT_REFERENCE%24/quizzes/quiz1">the quiz</a> '
        '<a href="%24IMS-CC-FILEBASE%24/key.pdf">the key</a> '
        '<a href="%24CANVAS_COURSE_REFERENCE%24/file_ref/file2?wrap=1">again</a></p>'
    ),
    "wiki_content/later.html": html(
        "<p>Soon</p>", head='<meta name="workflow_state" content="unpublished"/>'
    ),
    "asg1/assignment.xml": '<assignment identifier="asg1" '
    'xmlns="http://www.imsglobal.org/xsd/imscc_extensions/assignment"><title>First cloth</title>'
    '<text texttype="text/html">&lt;p&gt;Weave it.&lt;/p&gt;</text><gradable points_possible="5.0">true'
    '</gradable><submission_formats/><extensions><assignment identifier="asg1_canvas" '
    'xmlns="http://canvas.instructure.com/xsd/cccv1p0"><title>First cloth</title></assignment></extensions>'
    "</assignment>",
    "asg1/first-cloth.html": html("<p>Weave it, plainly.</p>"),
    "disc1.xml": '<topic xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imsdt_v1p1"><title>Say hello</title>'
    '<text texttype="text/html">&lt;p&gt;Hello?&lt;/p&gt;</text></topic>',
    "disc1m.xml": '<topicMeta xmlns="http://canvas.instructure.com/xsd/cccv1p0"><topic_id>d</topic_id></topicMeta>',
    "link1.xml": web_link("https://museum.example/"),
    "quiz1/assessment_qti.xml": "<questestinterop/>",
    "quiz1/assessment_meta.xml": "<quiz/>",
    "non_cc_assessments/quiz1.xml.qti": "<questestinterop/>",
    "lti1.xml": "<cartridge_basiclti_link/>",
    "web_resources/Uploaded Media/plan (1).pdf": PDF,
    "web_resources/loom.png": PNG,
    "web_resources/key.pdf": PDF,
}


def test_canvas(take: Take) -> None:
    found = take(CANVAS_MEMBERS)
    assert found.outline == [
        ("Week 1", ["Welcome", "First cloth", "Say hello", "The museum", "The plan"]),
        ("Week 2", ["Later"]),
        ("More material", ["Syllabus"]),
    ]
    assert [each.is_published for each in found.bundle.modules] == [True, False, True]
    assert found.lessons["Welcome"].content == (
        "[A loom](<course:/resources/1/1/1>)[plan](<course:/lessons/1/5>) [later](<course:/lessons/2/1>) "
        "[the cloth](<course:/lessons/1/2>) the quiz the key [again](<course:/resources/1/1/1>)"
    )
    assert found.files("Welcome") == ["web_resources/loom.png"]
    assert found.files("The plan") == ["web_resources/Uploaded Media/plan (1).pdf"]
    assert found.lessons["First cloth"].content == "Weave it."
    assert found.report.taken == {"pages": 3, "assignments": 1, "discussions": 1, "web_links": 1}
    assert set(found.left) == {
        "Heading “A text header”",
        "Quiz “Quiz 1”",
        "External tool “A tool”",
        "That “The museum” is hidden from learners",
        "That “Later” is hidden from learners",
        "What is handed in for “First cloth”",
        "The discussion of “Say hello”",
        "A reference in “Welcome”: %24CANVAS_OBJECT_REFERENCE%24/quizzes/quiz1",
        "Settings (3)",
        "Files that are not for learners (1)",
        "Conditions of Canvas' modules (2)",
        "Rights: Private (Copyrighted)",
    }


MOODLE = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="M_1A2B" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
  xmlns:lomimscc="http://ltsc.ieee.org/xsd/imsccv1p1/LOM/manifest"
  xmlns:lom="http://ltsc.ieee.org/xsd/imsccv1p1/LOM/resource">
  <metadata><schema>IMS Common Cartridge</schema><schemaversion>1.1.0</schemaversion>
    <lomimscc:lom><lomimscc:general><lomimscc:title><lomimscc:string language="en">Weaving (Moodle)</lomimscc:string>
      </lomimscc:title><lomimscc:description><lomimscc:string language="en">&lt;p&gt;Of cloth&lt;/p&gt;</lomimscc:string>
      </lomimscc:description></lomimscc:general></lomimscc:lom></metadata>
  <organizations><organization identifier="O_1" structure="rooted-hierarchy"><item identifier="root">
    <item identifier="I_1"><title>General</title>
      <item identifier="I_2" identifierref="I_2_R"><title>Announcements</title></item></item>
    <item identifier="I_3"><title>Topic 1</title>
      <item identifier="I_4" identifierref="I_4_R"><title>A page</title></item>
      <item identifier="I_5" identifierref="I_5_R"><title>A link</title></item>
      <item identifier="I_6"><title>A folder</title>
        <item identifier="I_7" identifierref="I_7_R"><title>plan.pdf</title></item></item>
      <item identifier="I_8" identifierref="I_8_R"><title>A quiz</title></item></item>
    <item identifier="I_9"><title>Topic 2</title></item>
  </item></organization></organizations>
  <resources>
    <resource identifier="I_2_R" type="imsdt_xmlv1p1"><file href="i_2/discussion.xml"/></resource>
    <resource identifier="I_4_R" type="webcontent" href="i_4/page.html"><file href="i_4/page.html"/>
      <dependency identifierref="I_10_R"/></resource>
    <resource identifier="I_5_R" type="imswl_xmlv1p1"><file href="i_5/weblink.xml"/></resource>
    <resource identifier="I_7_R" type="webcontent" href="i_7/plan.pdf"><file href="i_7/plan.pdf"/></resource>
    <resource identifier="I_8_R" type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="i_8/assessment.xml"/>
      </resource>
    <resource identifier="I_10_R" type="webcontent" href="i_10/loom.png"><file href="i_10/loom.png"/></resource>
  </resources>
</manifest>"""


def test_moodle(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": MOODLE,
            "i_2/discussion.xml": '<dt:topic xmlns:dt="http://www.imsglobal.org/xsd/imsccv1p1/imsdt_v1p1">'
            '<title>Announcements</title><text texttype="text/html">&lt;p&gt;News '
            '&lt;img src="$IMS-CC-FILEBASE$../i_10/loom.png"/&gt;&lt;/p&gt;</text></dt:topic>',
            "i_4/page.html": '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>A page</title></head><body>'
            '<p><img src="../i_10/loom.png" alt="" /> seen</p></body></html>',
            "i_5/weblink.xml": '<wl:webLink xmlns:wl="http://www.imsglobal.org/xsd/imsccv1p1/imswl_v1p1">'
            '<title>A link</title><url href="https://museum.example/?a=1&amp;b=2" target="_self"/></wl:webLink>',
            "i_7/plan.pdf": PDF,
            "i_8/assessment.xml": "<questestinterop/>",
            "i_10/loom.png": PNG,
        }
    )
    assert found.bundle.course.description == "Of cloth"
    assert found.outline == [
        ("General", ["Announcements"]),
        ("Topic 1", ["A page", "A link", "A folder / plan.pdf"]),
    ]
    assert found.lessons["Announcements"].content == "News [loom.png](<course:/resources/1/1/1>)"
    assert found.files("Announcements") == ["i_10/loom.png"]
    assert found.lessons["A page"].content == "[loom.png](<course:/resources/1/1/1>) seen"
    assert found.lessons["A link"].resources[0].url == "https://museum.example/?a=1&b=2"
    assert set(found.left) == {
        "Quiz “A quiz”",
        "Folder “Topic 2”",
        "The discussion of “Announcements”",
    }
    assert found.report.format == "common-cartridge 1.1.0"


BRIGHTSPACE = """<?xml version="1.0" encoding="utf-8"?>
<manifest identifier="D2L_123" xmlns:d2l_2p0="http://desire2learn.com/xsd/d2lcp_v2p0"
  xmlns:imsmd="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1">
  <metadata><imsmd:lom><imsmd:general><imsmd:title><imsmd:langstring xml:lang="en-ca">Weaving (Brightspace)
    </imsmd:langstring></imsmd:title><imsmd:language>en-ca</imsmd:language></imsmd:general></imsmd:lom></metadata>
  <organizations default="d2l_orgs"><organization identifier="d2l_org">
    <item identifier="1" identifierref="RES_M1" d2l_2p0:id="1" description="" completion_type="2"><title>Unit 1</title>
      <item identifier="2" identifierref="RES_T1" d2l_2p0:id="2" completion_type="2"><title>Overview</title></item>
      <item identifier="3" identifierref="RES_M2" d2l_2p0:id="3"><title>Readings</title>
        <item identifier="4" identifierref="RES_T2" d2l_2p0:id="4"><title>The museum</title></item>
        <item identifier="5" identifierref="RES_T3" d2l_2p0:id="5"><title>Slides</title></item></item>
      <item identifier="6" identifierref="RES_Q1" d2l_2p0:id="6"><title>Test</title></item>
      <item identifier="7" identifierref="RES_T4" d2l_2p0:id="7" isvisible="false"><title>Draft</title></item></item>
  </organization></organizations>
  <resources>
    <resource identifier="RES_M1" type="webcontent" d2l_2p0:material_type="contentmodule" d2l_2p0:link_target=""
      href="" title=""/>
    <resource identifier="RES_M2" type="webcontent" d2l_2p0:material_type="contentmodule" href="" title=""/>
    <resource identifier="RES_T1" type="webcontent" d2l_2p0:material_type="content" href="Unit%201/overview.html"
      title=""/>
    <resource identifier="RES_T2" type="webcontent" d2l_2p0:material_type="contentlink" d2l_2p0:link_target="_blank"
      href="https://museum.example/" title=""/>
    <resource identifier="RES_T3" type="webcontent" d2l_2p0:material_type="content" href="Unit 1/slides.pptx" title=""/>
    <resource identifier="RES_T4" type="webcontent" d2l_2p0:material_type="content" href="Unit 1/draft.html" title=""/>
    <resource identifier="RES_Q1" type="webcontent" d2l_2p0:material_type="d2lquiz" href="quiz_d2l_1.xml" title="Test"/>
    <resource identifier="RES_QL" type="webcontent" d2l_2p0:material_type="d2lquestionlibrary" href="questiondb.xml"
      title="Question library"/>
    <resource identifier="RES_DB" type="webcontent" d2l_2p0:material_type="d2ldropbox" href="dropbox_d2l.xml" title=""/>
    <resource identifier="D2L_ORG" type="webcontent" d2l_2p0:material_type="orgunitconfig"
      href="orgunitconfig/orgunitconfig.xml" title="OrgUnitConfig"/>
  </resources>
</manifest>"""


def test_brightspace(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": BRIGHTSPACE,
            "Unit 1/overview.html": html('<p>Over <img src="pics/loom.png"></p>'),
            "Unit 1/pics/loom.png": PNG,
            "Unit 1/slides.pptx": b"PK\x03\x04ppt/",
            "Unit 1/draft.html": html("<p>draft</p>"),
            "quiz_d2l_1.xml": "<questestinterop/>",
            "questiondb.xml": "<questestinterop/>",
            "dropbox_d2l.xml": "<dropbox/>",
            "orgunitconfig/orgunitconfig.xml": "<x/>",
        }
    )
    assert (found.bundle.course.title, found.bundle.course.language) == ("Weaving (Brightspace)", "en")
    assert found.outline == [("Unit 1", ["Overview", "Readings / The museum", "Readings / Slides"])]
    assert found.lessons["Overview"].content == "Over [loom.png](<course:/resources/1/1/1>)"
    assert found.files("Overview") == ["Unit 1/pics/loom.png"]
    assert found.lessons["Readings / The museum"].resources[0].url == "https://museum.example/"
    assert found.files("Readings / Slides") == ["Unit 1/slides.pptx"]
    assert set(found.left) == {
        "Quiz “Test”",
        "Item “Draft”",
        "Question bank “Question library”",
        "Files that are not for learners (1)",
        "Settings (2)",
    }


PSYCHOLOGY = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="colin0001" xmlns="http://www.imsglobal.org/xsd/imscc/imscp_v1p1"
  xmlns:lom="http://ltsc.ieee.org/xsd/imscc/LOM" xmlns:auth="http://www.imsglobal.org/xsd/imsccauth_v1p0">
  <metadata><schema>IMS Common Cartridge</schema><schemaversion>1.0.0</schemaversion>
    <lom:lom><lom:general><lom:title><lom:string language="en-US">Cloth and Mind</lom:string></lom:title>
      <lom:keyword><lom:string>cloth</lom:string></lom:keyword></lom:general></lom:lom></metadata>
  <organizations><organization identifier="O_1" structure="rooted-hierarchy"><item identifier="I_1">
    <item identifier="I_00000"><title>Learning Objectives</title>
      <item identifier="I_00001" identifierref="I_00001_R"><title>Objectives</title></item></item>
    <item identifier="I_00005"><title>Lesson 1</title>
      <item identifier="I_00006" identifierref="I_00006_R"><title>Discussion</title></item>
      <item identifier="I_00007" identifierref="I_00007_R"><title>Test</title></item>
      <item identifier="I_00008" identifierref="I_00008_R"><title>Web</title></item></item>
  </item></organization></organizations>
  <resources>
    <resource identifier="I_00001_R" type="webcontent" href="I_00001_R/objectives.html">
      <file href="I_00001_R/objectives.html"/><dependency identifierref="I_media_R"/></resource>
    <resource identifier="I_00006_R" type="imsdt_xmlv1p0"><file href="I_00006_R/topic.xml"/>
      <dependency identifierref="I_00006_Media"/></resource>
    <resource identifier="I_00006_Media" type="associatedcontent/imscc_xmlv1p0/learning-application-resource">
      <file href="I_00006_Media/angry.jpg"/></resource>
    <resource identifier="I_00007_R" type="imsqti_xmlv1p2/imscc_xmlv1p0/assessment"><file href="I_00007_R/test.xml"/>
      </resource>
    <resource identifier="I_00008_R" type="imswl_xmlv1p0"><file href="I_00008_R/link.xml"/></resource>
    <resource identifier="I_media_R" type="webcontent"><file href="I_media_R/smile.jpg"/>
      <file href="I_media_R/cc.css"/></resource>
  </resources>
  <auth:authorizations access="cartridge" import="false"><auth:authorization><auth:cartridgeId>x</auth:cartridgeId>
  </auth:authorization></auth:authorizations>
</manifest>"""


def test_the_sample_of_the_first_version(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": PSYCHOLOGY,
            "I_00001_R/objectives.html": html("<p>Know cloth.</p>"),
            "I_00006_R/topic.xml": '<dt:topic xmlns:dt="http://www.imsglobal.org/xsd/imsdt_v1p0"><title>Faces</title>'
            '<text texttype="text/html">Why? &lt;br/> &lt;img src="$IMS-CC-FILEBASE$../I_media_R/smile.jpg"/></text>'
            '<attachments><attachment href="../I_00006_Media/angry.jpg"/></attachments></dt:topic>',
            "I_00006_Media/angry.jpg": b"\xff\xd8\xff",
            "I_00007_R/test.xml": "<questestinterop/>",
            "I_00008_R/link.xml": '<wl:webLink xmlns:wl="http://www.imsglobal.org/xsd/imswl_v1p0"><title>Web</title>'
            '<url href="http://cloth.example/" target="_parent"/></wl:webLink>',
            "I_media_R/smile.jpg": b"\xff\xd8\xff",
            "I_media_R/cc.css": "p {}",
        }
    )
    assert found.bundle.course.meta_keywords == "cloth"
    assert found.outline == [("Learning Objectives", ["Objectives"]), ("Lesson 1", ["Discussion", "Web"])]
    assert found.files("Objectives") == ["I_media_R/smile.jpg"]
    assert found.lessons["Discussion"].content == "Why?  \n[smile.jpg](<course:/resources/1/1/1>)"
    assert found.files("Discussion") == ["I_00006_Media/angry.jpg"]
    assert set(found.left) == {
        "Quiz “Test”",
        "The discussion of “Discussion”",
        "Styles, scripts and fonts (1)",
        "Authorizations (1)",
    }


THIN = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="t" xmlns="http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1"
  xmlns:lomm="http://ltsc.ieee.org/xsd/imsccv1p3/LOM/manifest">
  <metadata><schema>IMS Thin Common Cartridge</schema><schemaversion>1.3.0</schemaversion><lomm:lom><lomm:general>
    <lomm:title><lomm:string>Thin cloth</lomm:string></lomm:title></lomm:general></lomm:lom></metadata>
  <organizations><organization identifier="o" structure="rooted-hierarchy"><item identifier="r">
    <item identifier="a" identifierref="ra"><title>Film</title></item>
    <item identifier="b" identifierref="rb"><title>Tool</title></item>
    <item identifier="c" identifierref="rc"><title>Essay</title></item></item></organization></organizations>
  <resources><resource identifier="ra" type="imswl_xmlv1p3"><file href="a.xml"/></resource>
    <resource identifier="rb" type="imsbasiclti_xmlv1p3"><file href="b.xml"/></resource>
    <resource identifier="rc" type="imswl_xmlv1p3"><file href="c.xml"/></resource></resources>
</manifest>"""


def test_a_thin_cartridge(take: Take) -> None:
    found = take(
        {
            "imsmanifest.xml": THIN,
            "a.xml": web_link("https://vimeo.com/1"),
            "b.xml": "<cartridge_basiclti_link/>",
            "c.xml": web_link("https://loom.example/essay"),
        }
    )
    assert found.outline == [("Thin cloth", ["Film", "Essay"])]
    assert found.lessons["Film"].video_url == "https://vimeo.com/1"
    assert list(found.left) == ["External tool “Tool”"]
